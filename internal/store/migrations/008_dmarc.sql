-- dmarc_count: mails judged by DMARC, counted by CountDMARC for the daily reports of RFC 7489 §7.2; removed by DropDMARC
-- once they are sent, by Care after a week. A crash may lose the last ones.
CREATE TABLE dmarc_count(
	day TEXT NOT NULL,         -- 2026-11-22, UTC
	domain TEXT NOT NULL,      -- whose record governs
	record TEXT NOT NULL,      -- as it was published
	source TEXT NOT NULL,      -- IP address
	author TEXT NOT NULL,      -- domain of From
	envelope TEXT NOT NULL,    -- domain of the reverse-path; '' of <>
	disposition TEXT NOT NULL, -- none, quarantine, reject
	dkim TEXT NOT NULL,        -- pass, fail
	spf TEXT NOT NULL,         -- pass, fail
	override TEXT NOT NULL,    -- RFC 7489 appendix C; '' none
	comment TEXT NOT NULL,
	auth TEXT NOT NULL,        -- what SPF and DKIM found, a line each
	count INTEGER NOT NULL,
	PRIMARY KEY(day, domain, source, author, envelope, disposition, dkim, spf, override, comment, auth, record)
) WITHOUT ROWID;

-- report: reports of others about our domains, of DMARC and of TLS; AddReport, the oldest dropped beyond a number, Care drops
-- them after half a year.
CREATE TABLE report(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,     -- dmarc, tls
	domain TEXT NOT NULL,   -- ours
	reporter TEXT NOT NULL, -- the organization that reports
	contact TEXT NOT NULL,
	name TEXT NOT NULL,     -- the reporter's id of it
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	at INTEGER NOT NULL,    -- when it came
	UNIQUE(kind, domain, reporter, name)
);

-- report_row: what a report says; written and removed with it.
CREATE TABLE report_row(
	report INTEGER NOT NULL REFERENCES report(id) ON DELETE CASCADE,
	place INTEGER NOT NULL, -- in the report
	source TEXT NOT NULL,   -- IP address that sent
	host TEXT NOT NULL,     -- of TLS: the server that was spoken to
	author TEXT NOT NULL,   -- of DMARC: domain of From
	disposition TEXT NOT NULL,
	dkim TEXT NOT NULL,
	spf TEXT NOT NULL,
	result TEXT NOT NULL,   -- of TLS: RFC 8460 §4.3, '' is success; of DMARC: the reason to override
	detail TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY(report, place)
) WITHOUT ROWID;
