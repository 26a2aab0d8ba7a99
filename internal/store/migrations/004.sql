-- text_segment: a batch of bodies in the search index. The indexer writes it with its text_block rows in one transaction
-- and never changes it. All bodies up to the highest last were looked at; those that no segment lists (too long, damaged)
-- are always scanned, as are newer ones. Care removes or renews those of which half the bodies are gone; DropIndex removes all.
CREATE TABLE text_segment(
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again, so that a block belongs to one segment for ever
	last INTEGER NOT NULL,                -- the highest body looked at
	count INTEGER NOT NULL,               -- of bodies
	octets INTEGER NOT NULL,              -- of its blocks
	bodies BLOB NOT NULL                  -- their ids, ascending, as differences
);

-- text_block: which bodies of a segment have which three octets in a row. id is segment<<24 | the first three octets in it.
-- Those whose segment is no more are removed in slices by the indexer and Care.
CREATE TABLE text_block(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
