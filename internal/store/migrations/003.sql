-- metadata: annotations of RFC 5464. Annotate writes and removes them; they go with their mailbox or account. mailbox is 0
-- for those of the account itself, so no foreign key can hold it. They follow a renamed mailbox by its id.
CREATE TABLE metadata(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	mailbox INTEGER NOT NULL,
	entry TEXT NOT NULL, -- in lower case
	value BLOB NOT NULL,
	PRIMARY KEY(account, mailbox, entry)
) WITHOUT ROWID;
