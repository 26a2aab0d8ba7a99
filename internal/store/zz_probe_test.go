package store
import ("testing";"zombiezen.com/go/sqlite")
func BenchmarkProbe(b *testing.B) {
	s := openMail(b)
	_, box := person(b, s, "p", 0)
	for _, q := range []string{
		`SELECT m.account, a.quota, `+usedOctets+` FROM mailbox m JOIN account a ON a.id = m.account WHERE m.id = ? AND m.noselect = 0`,
		`SELECT m.account, a.quota, `+usedOctets+` FROM mailbox m JOIN account a ON a.id = m.account WHERE m.id = ?`,
		`SELECT m.account, a.quota FROM mailbox m JOIN account a ON a.id = m.account WHERE m.id = ?`,
		`SELECT m.account, a.quota FROM mailbox m JOIN account a ON a.id = m.account WHERE m.id = ? AND m.noselect = 0`,
		`SELECT m.account FROM mailbox m WHERE m.id = ?`,
		`SELECT m.account, (SELECT quota FROM account WHERE id=m.account) FROM mailbox m WHERE m.id = ?`,
		`SELECT m.account, (SELECT sum(size) FROM mailbox WHERE account = m.account) FROM mailbox m WHERE m.id = ?`,
		selectMailbox+`WHERE m.id = ?`,
		`SELECT uid, flags, modseq FROM msg WHERE mailbox = ? AND uid >= 1 ORDER BY uid`,
		`SELECT uid FROM msg WHERE mailbox = ? AND modseq > 3 ORDER BY modseq, uid`,
		`SELECT name FROM keyword WHERE mailbox = ? ORDER BY bit`,
	} {
		b.Run(q, func(b *testing.B) {
			s.read(b.Context(), func(c *sqlite.Conn) error {
				for b.Loop() { check(b, each(c, q, func(*sqlite.Stmt){}, int64(box))) }
				return nil
			})
		})
	}
}
