package store

// addUsualMailboxes gives a new account what mail programs look for, so that
// each does not make its own (RFC 6154). English names: programs show those
// with a special use in their user's language.
func addUsualMailboxes(tx *tx, acc AccountID) error {
	for _, m := range []struct{ name, use string }{
		{inbox, ""},
		{"Drafts", `\Drafts`},
		{"Sent", `\Sent`},
		{"Junk", `\Junk`},
		{"Trash", `\Trash`},
		{"Archive", `\Archive`},
	} {
		if _, err := insertMailbox(tx, acc, m.name, m.use, false); err != nil {
			return err
		}
		if err := subscribe(tx, acc, m.name, true); err != nil {
			return err
		}
	}
	return nil
}
