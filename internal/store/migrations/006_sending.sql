-- relay: SetRelay, RemoveRelay. The relays (smarthosts) that take our mail, tried in the order of id. The password is kept
-- as it is, because it must be said to the relay.
CREATE TABLE relay(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	host TEXT NOT NULL,
	port INTEGER NOT NULL,
	domain TEXT NOT NULL, -- of the recipients it is for; '' is all
	tls TEXT NOT NULL,    -- implicit, starttls, none
	user TEXT NOT NULL,   -- '' does not log in
	password TEXT NOT NULL,
	oauth INTEGER NOT NULL, -- the password is a token (RFC 7628)
	UNIQUE(host, port, domain)
);

-- dkim_key: AddDKIMKeys, its state moved by TurnDKIMKeys, removed by RemoveDKIMKeys and with its domain.
CREATE TABLE dkim_key(
	domain TEXT NOT NULL REFERENCES domain(name) ON DELETE CASCADE,
	selector TEXT NOT NULL,
	algorithm TEXT NOT NULL, -- rsa, ed25519
	private BLOB NOT NULL,   -- PKCS #8
	state TEXT NOT NULL,     -- next: in DNS before it signs; active; retired: in DNS while mail it signed is on its way
	created INTEGER NOT NULL,
	changed INTEGER NOT NULL, -- when it came into its state
	PRIMARY KEY(domain, selector)
) WITHOUT ROWID;

-- sts_policy: KeepSTSPolicy; Care drops what has expired. A crash loses what is fetched again.
CREATE TABLE sts_policy(
	domain TEXT PRIMARY KEY,
	id TEXT NOT NULL,
	mode TEXT NOT NULL,
	mx TEXT NOT NULL,         -- patterns between spaces
	max_age INTEGER NOT NULL, -- seconds
	fetched INTEGER NOT NULL
) WITHOUT ROWID;

-- tls_level: KeepTLSLevel, at most once a day for a domain; Care drops those not seen for half a year.
CREATE TABLE tls_level(domain TEXT PRIMARY KEY, level INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;

-- tls_result: sessions counted by CountTLS, for the daily reports of RFC 8460; removed by DropTLSResults once they are
-- sent, by Care after a week.
CREATE TABLE tls_result(
	day TEXT NOT NULL, -- 2026-11-22, UTC
	domain TEXT NOT NULL,
	policy TEXT NOT NULL, -- sts, tlsa, no-policy-found
	result TEXT NOT NULL, -- RFC 8460 §4.3; '' is success
	mx_host TEXT NOT NULL,
	source TEXT NOT NULL, -- IP addresses, ours and
	peer TEXT NOT NULL,   -- theirs
	strings TEXT NOT NULL, -- of the policy, between line feeds
	mx_hosts TEXT NOT NULL, -- that it allows, between spaces
	detail TEXT NOT NULL,
	sessions INTEGER NOT NULL,
	PRIMARY KEY(day, domain, policy, result, mx_host, source, peer)
) WITHOUT ROWID;

-- sending: what an account submitted, by the minute; written by Accept (Incoming.Submitted), dropped by Care after two days.
CREATE TABLE sending(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	minute INTEGER NOT NULL,   -- since 1970
	messages INTEGER NOT NULL,
	recipients INTEGER NOT NULL,
	fresh INTEGER NOT NULL,    -- of the recipients: those the account wrote to for the first time
	PRIMARY KEY(account, minute)
) WITHOUT ROWID;

-- correspondent: to whom an account ever wrote; written with sending, goes with the account.
CREATE TABLE correspondent(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	key TEXT NOT NULL, -- Address.Key
	first INTEGER NOT NULL,
	PRIMARY KEY(account, key)
) WITHOUT ROWID;

-- paused: accounts that may not send until somebody has looked; PauseSending, ResumeSending.
CREATE TABLE paused(
	account INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
	reason TEXT NOT NULL,
	at INTEGER NOT NULL
);

-- forward: one row a target, all of an account with the same keep; SetForward, RemoveForward.
CREATE TABLE forward(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	key TEXT NOT NULL, -- Address.Key of the target
	local TEXT NOT NULL, domain TEXT NOT NULL,
	keep INTEGER NOT NULL, -- the account gets its mail as well
	PRIMARY KEY(account, key)
) WITHOUT ROWID;

-- vacation: SetVacation, RemoveVacation. since and until are 0 where there is no such bound.
CREATE TABLE vacation(
	account INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	subject TEXT NOT NULL,
	text TEXT NOT NULL
);

-- answered: whom the vacation answer went to, and when last; written by Accept of the answer (Incoming.Answered), dropped
-- by Care after a month. It outlives the vacation: one that is ended and begun again does not repeat itself.
CREATE TABLE answered(
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	key TEXT NOT NULL, -- Address.Key
	at INTEGER NOT NULL,
	PRIMARY KEY(account, key)
) WITHOUT ROWID;

-- sent_copy: messages in mailboxes for sent mail by the hash of their Message-ID: our copies, which the program's own
-- replaces, and programs' own, which make ours unnecessary. Written by Accept and Append, dropped by Care after a day.
CREATE TABLE sent_copy(
	mailbox INTEGER NOT NULL,
	hash INTEGER NOT NULL, -- message.HashID
	uid INTEGER NOT NULL,
	ours INTEGER NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY(mailbox, hash, uid)
) WITHOUT ROWID;

-- note: Note; facts that the status page tells, one a name, never removed.
CREATE TABLE note(name TEXT PRIMARY KEY, text TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
