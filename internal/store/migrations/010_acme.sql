-- acme: KeepACME, DropACME. What the certificate manager must find again after a crash: the account's key, an order that was
-- begun with its key, the certificates, and what failed. Each value is whole; of two written one after the other a crash
-- leaves the first.
CREATE TABLE acme(
	name TEXT PRIMARY KEY,
	value BLOB NOT NULL,
	at INTEGER NOT NULL -- when it was written
) WITHOUT ROWID;
