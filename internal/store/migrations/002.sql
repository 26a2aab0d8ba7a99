-- preview: the message's first words for a list of mail (RFC 8970). Written with the body; NULL in one stored before this
-- version, for which it is made when somebody asks.
ALTER TABLE body ADD COLUMN preview TEXT;

-- refs: message.Structure.AppendThreadIDs, for THREAD (RFC 5256). NULL in a body stored before this version.
ALTER TABLE body ADD COLUMN refs BLOB;
