-- What each account's mail taught about junk (package junk): about 1.4 MB an account at most. All of it is written lazily:
-- what a power cut takes is learned again from junk_pending, which is not.

-- junk_model: how many messages were learned, and the octets of the records. Written by the trainer; goes with the account.
CREATE TABLE junk_model(
	account INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
	spam INTEGER NOT NULL,   -- messages
	ham INTEGER NOT NULL,    -- messages
	records INTEGER NOT NULL -- octets in junk_record
);

-- junk_shard: the table, in junk.Shards pieces of 16 KB at most. Written by the trainer when records are merged.
CREATE TABLE junk_shard(
	id INTEGER PRIMARY KEY, -- account * junk.Shards + shard
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	data BLOB NOT NULL
);

-- junk_record: what single messages taught since, one row a message. Written by the trainer, removed when merged.
CREATE TABLE junk_record(
	id INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	data BLOB NOT NULL
);
CREATE INDEX junk_record_account ON junk_record(account);

-- junk_pending: messages that were put into Junk or taken out of it and are to be learned. Written in the transaction
-- that moves them, the last one counts; removed by the trainer. After a crash the trainer goes on.
CREATE TABLE junk_pending(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	body INTEGER NOT NULL,
	spam INTEGER NOT NULL,
	PRIMARY KEY(account, body)
) WITHOUT ROWID;

-- junk_learned: as what a message was learned, so that it never counts twice and can be taken back. Written by the
-- trainer; Care removes those whose body is no more, and the oldest beyond 16,000.
CREATE TABLE junk_learned(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	body INTEGER NOT NULL,
	spam INTEGER NOT NULL,
	PRIMARY KEY(account, body)
) WITHOUT ROWID;
