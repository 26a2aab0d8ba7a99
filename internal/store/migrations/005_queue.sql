-- destination: a domain to which mail goes. Made by the first message for it, removed by Care once it has no jobs. A crash
-- leaves nothing: due is written in every transaction that changes what waits. The last words are those of the domain that
-- could not be reached; its jobs are not touched for it, however many they are.
CREATE TABLE destination(
	id INTEGER PRIMARY KEY,
	domain TEXT NOT NULL UNIQUE,         -- message.Address.Domain
	due INTEGER,                         -- the first attempt of its jobs, not before next; NULL when none waits
	failures INTEGER NOT NULL DEFAULT 0, -- rounds in a row in which it could not be reached
	next INTEGER NOT NULL DEFAULT 0,     -- its next round after a failure
	code INTEGER NOT NULL DEFAULT 0,     -- message.Reply: code, class*1000000 + subject*1000 + detail, text
	enhanced INTEGER NOT NULL DEFAULT 0,
	reply TEXT NOT NULL DEFAULT '',
	host TEXT NOT NULL DEFAULT '',       -- who said it
	said INTEGER NOT NULL DEFAULT 0      -- when
);
CREATE INDEX destination_due ON destination(due) WHERE due IS NOT NULL;

-- envelope: a message for other domains and who sends it; written by Accept and Settle, removed with the last of its jobs.
-- It is one reference to its body, whatever the number of its jobs.
CREATE TABLE envelope(
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: people and logs name it
	body INTEGER NOT NULL,
	log TEXT NOT NULL DEFAULT '',
	account INTEGER NOT NULL DEFAULT 0,   -- 0 is the box itself
	local TEXT NOT NULL, domain TEXT NOT NULL, -- reverse-path; both are empty for the null one
	envid TEXT NOT NULL DEFAULT '',
	ret TEXT NOT NULL DEFAULT '',
	requiretls INTEGER NOT NULL DEFAULT 0,
	utf8 INTEGER NOT NULL DEFAULT 0,
	bodytype TEXT NOT NULL DEFAULT '',
	size INTEGER NOT NULL,                -- octets with the prefix
	queued INTEGER NOT NULL
);

-- job: one recipient of an envelope; id is envelope<<20 | number. Written with its envelope, its next attempt moved by Claim
-- before it is tried, removed by Settle or DropJobs. What a crash leaves is due again at next.
CREATE TABLE job(
	id INTEGER PRIMARY KEY,
	destination INTEGER NOT NULL,
	local TEXT NOT NULL,
	notify INTEGER NOT NULL DEFAULT 0,    -- store.Notify
	original TEXT NOT NULL DEFAULT '',    -- ORCPT
	attempts INTEGER NOT NULL DEFAULT 0,
	next INTEGER,                         -- NULL while held
	warned INTEGER NOT NULL DEFAULT 0,
	code INTEGER NOT NULL DEFAULT 0,      -- its own last words, as in destination
	enhanced INTEGER NOT NULL DEFAULT 0,
	reply TEXT NOT NULL DEFAULT '',
	host TEXT NOT NULL DEFAULT '',
	said INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX job_next ON job(destination, next);

-- history: what became of a recipient: every end, and the first deferral. Written with the outcome, removed by Care after 30
-- days. It has no index by account: a page of it finds its rows near the end, and each index would be one more page to write.
CREATE TABLE history(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	log TEXT NOT NULL,
	account INTEGER NOT NULL,
	from_local TEXT NOT NULL, from_domain TEXT NOT NULL,
	to_local TEXT NOT NULL, to_domain TEXT NOT NULL,
	fate INTEGER NOT NULL,                -- store.Fate
	code INTEGER NOT NULL, enhanced INTEGER NOT NULL, reply TEXT NOT NULL,
	host TEXT NOT NULL,
	tls TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	queued INTEGER NOT NULL
);

-- Each row of the queue before becomes an envelope with one job, so the references to its body stay as they are counted.
-- Addresses stood there as message.Address.String: rtrim leaves what is up to the last @, and a quoted local part is unquoted.
INSERT INTO destination(domain, due)
	SELECT substr(recipient, length(rtrim(recipient, replace(recipient, '@', ''))) + 1), min(next) FROM queue GROUP BY 1;
INSERT INTO envelope(id, body, local, domain, size, queued)
	SELECT q.id, q.body,
		CASE WHEN sender LIKE '"%' THEN replace(replace(substr(sender, 2, at - 3), '\"', '"'), '\\', '\') ELSE substr(sender, 1, max(at - 1, 0)) END,
		substr(sender, at + 1), b.size + length(b.prefix), queued
	FROM (SELECT *, length(rtrim(sender, replace(sender, '@', ''))) AS at FROM queue) q JOIN body b ON b.id = q.body;
INSERT INTO job(id, destination, local, attempts, next)
	SELECT q.id << 20, d.id,
		CASE WHEN recipient LIKE '"%' THEN replace(replace(substr(recipient, 2, at - 3), '\"', '"'), '\\', '\') ELSE substr(recipient, 1, at - 1) END,
		attempts, q.next
	FROM (SELECT *, length(rtrim(recipient, replace(recipient, '@', ''))) AS at FROM queue) q
	JOIN destination d ON d.domain = substr(recipient, at + 1);
DROP TABLE queue;
