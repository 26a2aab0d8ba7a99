-- account.admin: AddAccount for the first account of the box, SetAdmin. Who has it may use all of the page.
ALTER TABLE account ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
UPDATE account SET admin = 1 WHERE id = (SELECT min(id) FROM account);
-- account.name: SetName. What people call themselves; it goes into the settings that phones get.
ALTER TABLE account ADD COLUMN name TEXT NOT NULL DEFAULT '';
