-- Each table's comment says who writes a row, who removes it, and what a crash leaves.

-- setting: Set and Unset; only what differs from config.Default.
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- secret: made once by Secret and never removed: self-signed certificate and key, keys for tickets and fake salts.
CREATE TABLE secret(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- domain: AddDomain, RemoveDomain.
CREATE TABLE domain(name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;

-- account: AddAccount, RemoveAccount. key is message.Address.Key. hash is argon2id in PHC form. salt and iterations
-- serve the SCRAM keys of the account's own password (stored, server) and of all its app passwords.
CREATE TABLE account(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	key TEXT NOT NULL UNIQUE,
	local TEXT NOT NULL,
	domain TEXT NOT NULL REFERENCES domain(name),
	hash TEXT NOT NULL,
	salt BLOB NOT NULL,
	iterations INTEGER NOT NULL,
	stored BLOB NOT NULL,
	server BLOB NOT NULL,
	quota INTEGER NOT NULL DEFAULT 0,
	uidvalidity INTEGER NOT NULL DEFAULT 0, -- the last given to a mailbox of it; never falls (RFC 3501 §2.3.1.1)
	created INTEGER NOT NULL
);

-- app_password: AddAppPassword, RemoveAppPassword; used is written at most once an hour. hash is SHA-256 of the random secret.
CREATE TABLE app_password(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	hash BLOB NOT NULL,
	stored BLOB NOT NULL,
	server BLOB NOT NULL,
	created INTEGER NOT NULL,
	used INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY(account, name)
) WITHOUT ROWID;

-- alias: one row a target. key is Address.Key of the alias, "@domain" for a catch-all.
CREATE TABLE alias(
	key TEXT NOT NULL,
	target TEXT NOT NULL, -- Address.Key
	local TEXT NOT NULL, domain TEXT NOT NULL, -- of the alias as it was typed
	target_local TEXT NOT NULL, target_domain TEXT NOT NULL,
	PRIMARY KEY(key, target)
) WITHOUT ROWID;

-- mailbox: AddAccount, CreateMailbox, Rename, Delete. The counters move in the transaction of the messages they count.
CREATE TABLE mailbox(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account(id),
	name TEXT NOT NULL,
	uidvalidity INTEGER NOT NULL, -- seconds since 1970 when it was made, at least one more than any before in the account
	uidnext INTEGER NOT NULL DEFAULT 1,
	modseq INTEGER NOT NULL DEFAULT 1,
	total INTEGER NOT NULL DEFAULT 0,
	unseen INTEGER NOT NULL DEFAULT 0,
	deleted INTEGER NOT NULL DEFAULT 0,
	size INTEGER NOT NULL DEFAULT 0,
	use TEXT NOT NULL DEFAULT '', -- special use: "\Sent" …
	noselect INTEGER NOT NULL DEFAULT 0,
	UNIQUE(account, name)
);

-- subscription: Subscribe; a name may outlive its mailbox (RFC 3501 §6.3.6).
CREATE TABLE subscription(account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE, name TEXT NOT NULL, PRIMARY KEY(account, name)) WITHOUT ROWID;

-- keyword: made by the first use in a mailbox, removed with it. bit counts from store.KeywordBit.
CREATE TABLE keyword(mailbox INTEGER NOT NULL, bit INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY(mailbox, bit)) WITHOUT ROWID;

-- body: one row for each distinct prefix of a stored message; id is EMAILID. source is the body whose chunks hold the
-- octets (itself when 0). Written by Accept and Append, removed by Care once dead.
CREATE TABLE body(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	source INTEGER NOT NULL DEFAULT 0,
	size INTEGER NOT NULL,   -- octets, prefix not counted
	csize INTEGER NOT NULL,  -- octets of the chunks as kept
	codec INTEGER NOT NULL,  -- 1: a chunk shorter than the octets it stands for is a zstd frame of them, one as long is these octets
	prefix BLOB NOT NULL,    -- header lines that we put before the octets that arrived
	env BLOB NOT NULL,       -- message.Envelope.AppendBinary
	structure BLOB NOT NULL  -- message.Part.AppendBinary, offsets counted with the prefix
);

-- share: how many messages, jobs and bodies (by source) refer to a body. A body without a row has one reference and no
-- source, which saves a row for nearly all; a row whose count fell to 1 stays until the body is dead.
CREATE TABLE share(body INTEGER PRIMARY KEY, refs INTEGER NOT NULL);

-- chunk: id is body<<20 | number; 128 KiB of the octets each.
CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- staging: a body whose chunks are being written before its Accept; Open sweeps what a crash left.
CREATE TABLE staging(body INTEGER PRIMARY KEY);

-- dead: bodies to which nothing refers; Care removes them in slices.
CREATE TABLE dead(body INTEGER PRIMARY KEY);

-- gone: mailboxes that were removed, alone or with their account, while their messages still stand in msg; the sweeper removes those in slices.
CREATE TABLE gone(mailbox INTEGER PRIMARY KEY);

-- msg: Accept, Append, Copy, Move; removed by Expunge.
CREATE TABLE msg(
	mailbox INTEGER NOT NULL,
	uid INTEGER NOT NULL,
	body INTEGER NOT NULL,
	modseq INTEGER NOT NULL,
	flags INTEGER NOT NULL,
	idate INTEGER NOT NULL,    -- INTERNALDATE, seconds since 1970
	savedate INTEGER NOT NULL, -- SAVEDATE, seconds since 1970
	size INTEGER NOT NULL,     -- octets with the prefix
	thread INTEGER NOT NULL,
	PRIMARY KEY(mailbox, uid)
) WITHOUT ROWID;
CREATE INDEX msg_modseq ON msg(mailbox, modseq);

-- mid: threads by hash of Message-ID and References (64 bits of SHA-256), per account; Care drops rows of threads without messages.
CREATE TABLE mid(account INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL, PRIMARY KEY(account, hash)) WITHOUT ROWID;

-- vanished: UID ranges removed, by the modseq of their removal (RFC 7162 §3.2.10).
CREATE TABLE vanished(mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, PRIMARY KEY(mailbox, modseq, lo)) WITHOUT ROWID;

-- queue: one row a recipient in another domain; written by Accept, its next attempt moved by Claim, removed when settled.
CREATE TABLE queue(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	body INTEGER NOT NULL,
	sender TEXT NOT NULL, recipient TEXT NOT NULL, -- as message.Address.String
	attempts INTEGER NOT NULL DEFAULT 0,
	queued INTEGER NOT NULL,
	next INTEGER NOT NULL
);
CREATE INDEX queue_next ON queue(next);
