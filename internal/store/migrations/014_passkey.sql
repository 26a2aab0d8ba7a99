-- passkey: KeepPasskey, UsePasskey, RemovePasskey; goes with its account. credential is what the library of the page keeps of it
-- (JSON): a public key and a counter, no secret.
CREATE TABLE passkey(
	id BLOB PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	credential BLOB NOT NULL,
	created INTEGER NOT NULL,
	used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX passkey_account ON passkey(account);
