package imap

import (
	"bufio"
	"strings"
	"testing"
)

// What SELECT's parameters may be, and that anything else is refused without harm.
func FuzzSelectParameters(f *testing.F) {
	for _, text := range []string{
		`(CONDSTORE)`,
		`(QRESYNC (67890007 20050715194045000 41,43:211,214:541))`,
		`(QRESYNC (67890007 90060115194045000 41:211,214:541 (1:29 41:69)))`,
		`(CONDSTORE QRESYNC (7 12 1:3 (1,2 1,2)))`,
		`(QRESYNC (7 1 (1 1)))`,
		`(NONSENSE (1 (2)) CONDSTORE)`,
		`(QRESYNC (4294967296 1))`,
		`(QRESYNC (1 9223372036854775808))`,
		`(QRESYNC`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		enc := &encoder{w: bufio.NewWriter(&strings.Builder{})}
		s := &session{enc: enc, dec: &decoder{r: bufio.NewReader(strings.NewReader(" INBOX " + text + "\r\n")), enc: enc}}
		s.dec.limits = decodeLimits{line: 8000, literals: 4096, nonSync: 4096, drain: 4096}
		s.dec.reset()
		_, p, err := s.selectArguments()
		if err != nil || p.known == nil {
			return
		}
		if !s.enabled.QResync || p.known.uids.Len() == 0 || p.known.uids.Min() == 0 {
			t.Errorf("%q: %+v", text, p.known)
		}
	})
}
