-- finding: KeepFindings. What the last examination of the box said, a row for each check of each domain. A row is written
-- when what it says changed, and goes when its check is not made any more. Of an examination that a crash cut short nothing
-- is here.
CREATE TABLE finding(
	name TEXT NOT NULL,    -- of the check
	domain TEXT NOT NULL,  -- '' for the box
	verdict TEXT NOT NULL, -- pass, warn, fail, unknown
	words TEXT NOT NULL,   -- JSON: the reason and the cure, as keys of texts and what goes into them
	since INTEGER NOT NULL, -- when it was first found so
	PRIMARY KEY(name, domain)
) WITHOUT ROWID;
