package gate

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
)

func TestHelo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		for _, tt := range []struct {
			name    string
			refused string // words of it
			finding string
		}{
			// What real servers say.
			{name: "mx.far.test"},
			{name: "MX.Far.test."},
			{name: "mail_out-3.far.test"},
			{name: "[192.0.2.66]"},
			{name: "xn--muoz-hqa.test"},
			{name: "muñoz.test"},
			// What they say as well, if they are badly kept.
			{name: "localhost", finding: "helo-name"},
			{name: "WIN-8KJ3", finding: "helo-name"},
			{name: "192.0.2.66", finding: "helo-form"},
			{name: "[192.168.1.5]", finding: "helo-address"},
			{name: "192.168.1.5", finding: "helo-address"},
			{name: "[IPv6:2001:db8::1]", finding: "helo-address"},
			{name: "home.test", finding: "helo-domain"},
			// What none of them says.
			{name: "mail.home.test", refused: "name of this server"},
			{name: "MAIL.home.TEST.", refused: "name of this server"},
			{name: "[203.0.113.80]", refused: "name of this server"},
			{name: "203.0.113.80", refused: "name of this server"},
			{name: "", refused: "no server can have"},
			{name: "-", refused: "no server can have"},
			{name: "a b", refused: "no server can have"},
			{name: "mx..far.test", refused: "no server can have"},
			{name: "ana@far.test", refused: "no server can have"},
			{name: "%USERNAME%", refused: "no server can have"},
			{name: "[192.0.2]", refused: "no server can have"},
			{name: "[mx.far.test]", refused: "no server can have"},
			{name: "[192.0.2.1", refused: "no server can have"},
			{name: "x" + strings.Repeat(".y", 150), refused: "no server can have"},
			{name: "mx\x00.far.test", refused: "no server can have"},
		} {
			s := visit(t, g, stranger)
			want(t, tt.name, s.Helo(tt.name), 0) // it waits for a recipient
			reply := send(t, s, "eva@far.test")
			if tt.refused != "" {
				want(t, tt.name, reply, 550, tt.refused, "buzon allow add eva@far.test")
			} else {
				want(t, tt.name, reply, 0)
			}
			got := ""
			for _, f := range s.Findings() {
				if strings.HasPrefix(f.Name, "helo") {
					got += f.Name
				}
			}
			if got != tt.finding {
				t.Errorf("%q: finding %q, want %q", tt.name, got, tt.finding)
			}
			// A better greeting is a better greeting.
			s.Helo("mx.far.test")
			want(t, tt.name+" again", send(t, s, "eva@far.test"), 0)
			s.Close()
		}
	})
}

// The appliance's own devices may greet as they like.
func TestHeloAtHome(t *testing.T) {
	var h home
	g := at(&h, nil)
	for _, client := range []string{"192.168.1.7", "127.0.0.1", "::1", "fd00::7", "fe80::1%eth0", "100.64.3.4", "::ffff:10.0.0.1"} {
		s := g.NewSession(t.Context(), netip.MustParseAddr(client), netip.Addr{})
		want(t, client, s.Connect(), 0)
		want(t, client, s.Helo("mail.home.test"), 0)
		want(t, client, send(t, s, "eva@far.test"), 0)
		if len(s.Findings()) != 0 || s.GreetWait() != 0 {
			t.Errorf("%s: %+v", client, s.Findings())
		}
		for range 100 {
			want(t, client, s.Rcpt(t.Context(), Recipient{Address: addr(t, "nobody@home.test")}), 0)
			want(t, client, s.Said(550), 0)
		}
		s.Close()
	}
}

// Whatever a client calls itself, there is an answer, and it fits a line.
func FuzzHelo(f *testing.F) {
	for _, name := range []string{"mx.far.test", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[IPv6:]", "", "\xff", "a..b", "xn--\x00"} {
		f.Add(name, "eva@far.test")
	}
	var h home
	g := at(&h, nil)
	f.Fuzz(func(t *testing.T, name, from string) {
		s := g.NewSession(context.Background(), netip.MustParseAddr(stranger), netip.Addr{})
		defer s.Close()
		s.Helo(name)
		s.mail.from.Local, s.mail.from.Domain, _ = strings.Cut(from, "@")
		reply := s.no(Helo, "You greeted with a name that no server can have.").reply
		want(t, name, &reply, 550)
		if _, hint, _ := strings.Cut(reply.Text, "buzon allow add "); strings.ContainsAny(hint, " $`'\"\\;|&<>()\r\n\x00") {
			t.Errorf("%q is not to be put on a command line", hint)
		}
	})
}
