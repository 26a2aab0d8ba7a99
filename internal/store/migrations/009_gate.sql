-- rule: AddRule, RemoveRule; goes with its account. Who is let in or kept out, for the box or for one account.
CREATE TABLE rule(
	id INTEGER PRIMARY KEY,
	account INTEGER REFERENCES account(id) ON DELETE CASCADE, -- NULL is the box
	allow INTEGER NOT NULL,
	kind TEXT NOT NULL,  -- address, domain, host, network
	value TEXT NOT NULL, -- Address.Key, a name in U-labels, or a prefix such as 192.0.2.0/24
	low BLOB, high BLOB, -- of a network: its first and last address as 16 octets
	at INTEGER NOT NULL
);
CREATE UNIQUE INDEX rule_value ON rule(kind, value, ifnull(account, 0));

-- refused: AddRefusals, in batches and lazily: a power cut loses the last minute of them. The same refusal once more only
-- counts and moves up. Dropped by Care after 30 days, and beyond the cap the oldest
-- first, which every writer of these tables sees to.
CREATE TABLE refused(
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- people name it
	seen INTEGER NOT NULL,  -- the last time
	times INTEGER NOT NULL,
	client TEXT NOT NULL,   -- IP address
	host TEXT NOT NULL,     -- confirmed name of that, or ''
	helo TEXT NOT NULL,
	sender TEXT NOT NULL, recipient TEXT NOT NULL, -- '' where it did not come to that; the sender also for <>
	reason TEXT NOT NULL,   -- one of gate's words
	reply TEXT NOT NULL
);
CREATE UNIQUE INDEX refused_same ON refused(client, sender, recipient, reason);
CREATE INDEX refused_seen ON refused(seen, id);

-- acquainted: KeepAcquaintances, in batches and lazily: from where mail was taken, at most one write a day for a row.
-- Dropped by Care when not seen for half a year, or beyond the cap the longest unseen first.
CREATE TABLE acquainted(
	source TEXT NOT NULL, -- network, or the domain of the host's confirmed name
	domain TEXT NOT NULL, -- of the envelope's sender; '' for the source as such
	seen INTEGER NOT NULL,
	passed INTEGER NOT NULL, -- days on which DMARC passed
	PRIMARY KEY(source, domain)
) WITHOUT ROWID;
CREATE INDEX acquainted_seen ON acquainted(seen);

-- grey: Greylist; senders that were asked to come again. Dropped by Care: those that did not come within 4 hours, those
-- that did after 35 days without mail, and beyond the cap the longest unseen first.
CREATE TABLE grey(
	triplet BLOB PRIMARY KEY, -- hash of network, sender and recipient
	first INTEGER NOT NULL,
	seen INTEGER NOT NULL,
	white INTEGER NOT NULL -- it came again in time
) WITHOUT ROWID;
CREATE INDEX grey_seen ON grey(seen);

-- guarded: KeepGuarded; whom the login guard of the running server slows down, for people to look at. Written lazily and
-- rarely; emptied when a server starts, whose guard knows nothing yet.
CREATE TABLE guarded(
	address TEXT NOT NULL, -- IP address or network; '' for an account wherever from
	account TEXT NOT NULL, -- as it was typed; '' for an address whatever the account
	failures INTEGER NOT NULL,
	last INTEGER NOT NULL,
	until INTEGER NOT NULL, -- when nothing is left of it
	PRIMARY KEY(address, account)
) WITHOUT ROWID;

-- guard_release: ReleaseGuarded by the command line; taken by the running server within two seconds (TakeReleases), and
-- dropped when a server starts.
CREATE TABLE guard_release(
	id INTEGER PRIMARY KEY,
	what TEXT NOT NULL -- an IP address, or the name of an account
);
