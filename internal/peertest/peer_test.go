package peertest

import (
	"crypto/tls"
	"net"
	"net/smtp"
	"strings"
	"testing"
)

const text = "From: ana@example.test\r\nSubject: hello\r\n\r\n.dot\r\n\xff eight\r\n"

// dial connects to a server, with TLS where there is a configuration.
func dial(t *testing.T, address string, implicit bool, config *tls.Config) *smtp.Client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if implicit {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, "mx.elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Hello("box.example.test"); err != nil {
		t.Fatal(err)
	}
	if config != nil && !implicit {
		if err := c.StartTLS(config); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func send(t *testing.T, c *smtp.Client, to string) error {
	t.Helper()
	if err := c.Mail("ana@example.test"); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		c.Reset()
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Close()
}

func each(t *testing.T, test func(t *testing.T, program Program)) {
	t.Parallel()
	for _, program := range Programs() {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			test(t, program)
		})
	}
}

// As an MX a server takes mail for its people, and no other.
func TestMX(t *testing.T) {
	each(t, func(t *testing.T, program Program) {
		cert, config := certificate(t)
		p := Start(t, program, Options{Domain: "elsewhere.test", Users: []string{"luis"}, Certificate: cert})
		if !program.TLS {
			config = nil
		}
		c := dial(t, p.MX, false, config)
		for to, want := range map[string]string{"nobody@elsewhere.test": program.Unknown, "luis@third.test": ""} {
			if err := send(t, c, to); err == nil || !strings.HasPrefix(err.Error(), "55") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", to, err)
			}
		}
		if err := send(t, c, "luis@elsewhere.test"); err != nil {
			t.Fatal(err)
		}
		got := p.Await(t, "luis", 1)[0].Data
		if !strings.HasSuffix(got, strings.ReplaceAll(text, "\r\n", "\n")) {
			t.Errorf("it keeps %q", got)
		}
	})
}

// A grey server takes the second attempt.
func TestGrey(t *testing.T) {
	each(t, func(t *testing.T, program Program) {
		p := Start(t, program, Options{Domain: "elsewhere.test", Users: []string{"luis", "eva"}, Grey: true})
		c := dial(t, p.MX, false, nil)
		for _, to := range []string{"luis@elsewhere.test", "eva@elsewhere.test"} {
			if err := send(t, c, to); err == nil || !strings.HasPrefix(err.Error(), greyReply[:3]) {
				t.Errorf("%s at first: %v", to, err)
			}
			if err := send(t, c, to); err != nil {
				t.Errorf("%s again: %v", to, err)
			}
		}
		p.Await(t, "luis", 1)
		p.Await(t, "eva", 1)
	})
}

// As a relay it takes mail for all from those who log in, and passes it on.
func TestRelay(t *testing.T) {
	each(t, func(t *testing.T, program Program) {
		if !program.TLS {
			t.Skip("it cannot serve TLS, and so has no login")
		}
		cert, config := certificate(t)
		far := Start(t, program, Options{Domain: "far.test", Users: []string{"eva"}})
		p := Start(t, program, Options{
			Domain: "elsewhere.test", Users: []string{"luis"}, Certificate: cert,
			User: "buzon", Password: "two words", Routes: map[string]string{"*": far.MX},
		})
		for i, address := range []string{p.Submission, p.Submissions} {
			c := dial(t, address, address == p.Submissions, config)
			if err := send(t, c, "eva@far.test"); err == nil {
				t.Error("taken without a login")
			}
			if _, ways := c.Extension("AUTH"); !strings.Contains(ways, "PLAIN") || strings.Contains(ways, "SCRAM-SHA-256") != program.SCRAM {
				t.Errorf("AUTH %s", ways)
			}
			if err := c.Auth(smtp.PlainAuth("", "buzon", "two words", "mx.elsewhere.test")); err != nil {
				t.Fatal(err)
			}
			for _, to := range []string{"eva@far.test", "luis@elsewhere.test"} {
				if err := send(t, c, to); err != nil {
					t.Fatal(err)
				}
			}
			far.Await(t, "eva", i+1)
			p.Await(t, "luis", i+1)
		}
		c := dial(t, p.Submissions, true, config)
		if err := c.Auth(smtp.PlainAuth("", "buzon", "wrong", "mx.elsewhere.test")); err == nil || !strings.HasPrefix(err.Error(), "535") {
			t.Errorf("a wrong password: %v", err)
		}
	})
}

// In a network that is trusted a relay needs no login.
func TestOpen(t *testing.T) {
	each(t, func(t *testing.T, program Program) {
		far := Start(t, program, Options{Domain: "far.test", Users: []string{"eva"}})
		p := Start(t, program, Options{Domain: "elsewhere.test", Users: []string{"luis"}, Open: true, Routes: map[string]string{"*": far.MX}})
		c := dial(t, p.MX, false, nil)
		for _, to := range []string{"eva@far.test", "luis@elsewhere.test"} {
			if err := send(t, c, to); err != nil {
				t.Fatal(err)
			}
		}
		far.Await(t, "eva", 1)
		p.Await(t, "luis", 1)
	})
}
