-- figure: AddFigure. One row a day (UTC) of how the disk does, for the page; Care removes what is older than keepFigures.
-- A crash loses what this process wrote since its last row, a day of it at most.
CREATE TABLE figure(
	day TEXT PRIMARY KEY,     -- 2026-11-22
	used INTEGER NOT NULL,    -- octets of the file system, at the last sample of the day
	free INTEGER NOT NULL,    -- octets of it that we may use
	file INTEGER NOT NULL,    -- octets of our file with its log
	written INTEGER NOT NULL, -- octets that this program had written to disk that day
	device INTEGER NOT NULL   -- octets that the device took from all while we ran; 0 where it does not tell
) WITHOUT ROWID;
