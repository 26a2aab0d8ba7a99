package smtpconn

import "testing"

// A CR too many before the end mark does not hide it: the peer would wait for its reply until the deadline.
func TestDataEndAfterTwoCR(t *testing.T) {
	for _, tt := range []struct{ sent, want string }{
		{"a\r\r\n.\r\n", "a\r\r\n"},
		{"a\r\r\n..b\r\n.\r\n", "a\r\r\n.b\r\n"},
		{".\r\r\n.\r\n", "\r\r\n"},
	} {
		f := serve(t, nil)
		f.quick = true
		c := dial(t, f)
		c.send("HELO me\r\n" + envelope + "DATA\r\n" + tt.sent + "NOOP\r\n")
		c.want("220", "250", "250", "250", "354", "250 2.0.0 OK", "250 2.0.0 Still here")
		if got := f.kept(); len(got) != 1 || got[0] != tt.want {
			t.Errorf("sent %q, got %q", tt.sent, got)
		}
	}
}
