package smtpclient

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	gosasl "github.com/emersion/go-sasl"

	"buzon/internal/sasl"
)

// relay is a server that knows one account, ana with the password "pencil ☕", by internal/sasl.
type relay struct {
	mechanisms []string
	version    uint16 // of TLS, 0 is none
	cert       tls.Certificate
	bug        func(challenge string) string // what it makes of its own challenges

	conn net.Conn
	in   *bufio.Reader
	used string // the mechanism that got somebody in
}

const relayPassword = "pencil ☕"

// serve talks until the client leaves.
func (r *relay) serve(conn net.Conn) error {
	r.conn, r.in = conn, bufio.NewReader(conn)
	defer func() { r.conn.Close() }()
	r.say("220 mx.example.test")
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			return nil
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "EHLO":
			r.say("250-mx.example.test")
			r.say("250-STARTTLS")
			r.say("250 AUTH " + strings.Join(r.mechanisms, " "))
		case "STARTTLS":
			r.say("220 Go ahead")
			if err := r.startTLS(); err != nil {
				return err
			}
		case "AUTH":
			if err := r.auth(rest); err != nil {
				return err
			}
		case "QUIT":
			r.say("221 bye")
		default:
			r.say("500 What?")
		}
	}
}

func (r *relay) say(line string) { io.WriteString(r.conn, line+"\r\n") }

func (r *relay) startTLS() error {
	conn := tls.Server(r.conn, &tls.Config{Certificates: []tls.Certificate{r.cert}, MinVersion: r.version, MaxVersion: r.version})
	r.conn, r.in = conn, bufio.NewReader(conn)
	return conn.Handshake()
}

func (r *relay) mechanism(name string) (gosasl.Server, error) {
	verify := func(user, pass string) error {
		if user != "ana" || pass != relayPassword {
			return sasl.ErrCredentials
		}
		return nil
	}
	switch name {
	case "PLAIN":
		return sasl.Plain(verify), nil
	case "LOGIN":
		return sasl.Login(verify), nil
	}
	var state *tls.ConnectionState
	if conn, ok := r.conn.(*tls.Conn); ok {
		cs := conn.ConnectionState()
		state = &cs
	}
	salt := []byte("0123456789abcdef")
	keys, err := sasl.DeriveKeys(relayPassword, salt, 4096)
	return sasl.Scram(sasl.ScramOptions{
		Plus:       name == plusName,
		Advertised: strings.Contains(strings.Join(r.mechanisms, " "), plusName),
		Lookup: func(user string) (sasl.Credentials, error) {
			if user != "ana" {
				return sasl.Credentials{}, sasl.ErrCredentials
			}
			return sasl.Credentials{Salt: salt, Iterations: 4096, Keys: []sasl.Keys{keys}}, nil
		},
		Binding: sasl.Binding(state, r.cert.Leaf),
		Done:    func(string, int) error { return nil },
		FakeKey: []byte("fake"),
	}), err
}

func (r *relay) auth(rest string) error {
	name, initial, given := strings.Cut(rest, " ")
	server, err := r.mechanism(name)
	if err != nil {
		return err
	}
	var response []byte
	if given {
		if response, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(initial, "=")); err != nil {
			return err
		}
	}
	for {
		challenge, done, err := server.Next(response)
		if err != nil {
			r.say("535 5.7.8 Wrong user name or password")
			return nil
		}
		if done {
			r.used = name
			r.say("235 2.7.0 Welcome")
			return nil
		}
		text := string(challenge)
		if r.bug != nil {
			text = r.bug(text)
		}
		if text == "in" {
			r.say("235 2.7.0 Welcome, I do not need your proof")
			return nil
		}
		r.say("334 " + base64.StdEncoding.EncodeToString([]byte(text)))
		line, err := r.in.ReadString('\n')
		if err != nil {
			return nil
		}
		line = strings.TrimSpace(line)
		if line == "*" {
			r.say("501 5.7.0 Cancelled")
			return nil
		}
		if response, err = base64.StdEncoding.DecodeString(line); err != nil {
			return err
		}
	}
}

// login runs one Auth against r.
func (r *relay) login(t *testing.T, l Login) (*Client, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- r.serve(theirs) }()
	c, err := New(t.Context(), ours, "mx.example.test", Options{Hello: "box.example.test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if r.version != 0 {
		if err := c.StartTLS(t.Context(), &tls.Config{RootCAs: pool(r.cert)}); err != nil {
			t.Fatal(err)
		}
	}
	return c, c.Auth(t.Context(), l)
}

func TestMechanisms(t *testing.T) {
	cert := certificate(t)
	all := []string{"PLAIN", "LOGIN", scramName, plusName}
	for _, c := range []struct {
		offered []string
		version uint16
		used    string
	}{
		{all, tls.VersionTLS13, plusName}, // tls-exporter
		{all, tls.VersionTLS12, plusName}, // tls-server-end-point
		{all[:3], tls.VersionTLS13, scramName},
		{all[:2], tls.VersionTLS13, "PLAIN"},
		{all[1:2], tls.VersionTLS13, "LOGIN"},
		{all, 0, scramName}, // no TLS: what sends no password, and no binding
	} {
		r := &relay{mechanisms: c.offered, version: c.version, cert: cert}
		client, err := r.login(t, Login{User: "ana", Password: relayPassword})
		if err != nil || r.used != c.used || !client.Usable() {
			t.Errorf("%v with TLS %x: %s, %v", c.offered, c.version, r.used, err)
		}
		for _, l := range []Login{{User: "ana", Password: "pencil"}, {User: "eve", Password: relayPassword}} {
			r = &relay{mechanisms: c.offered, version: c.version, cert: cert}
			client, err = r.login(t, l)
			var e *Error
			if !errors.As(err, &e) || e.Reply.Code != 535 || !e.Permanent() || !client.Usable() {
				t.Errorf("%v with TLS %x, wrong password: %v", c.offered, c.version, err)
			}
		}
	}
}

// A token or password too long for one command line waits for the peer's 334 (RFC 4954 §4).
func TestLongInitialResponse(t *testing.T) {
	for n, waits := range map[int]bool{0: false, 200: false, 372: false, 373: true, 2000: true} {
		command, waiting := authCommand("PLAIN", make([]byte, n))
		if waiting != waits || len(command) > maxCommandLine-2 {
			t.Errorf("%d octets: %v, %d octets of command", n, waiting, len(command))
		}
	}
	if command, _ := authCommand("X", []byte{}); command != "AUTH X =" {
		t.Error(command)
	}
	r := &relay{mechanisms: []string{"PLAIN"}, version: tls.VersionTLS13, cert: certificate(t)}
	_, err := r.login(t, Login{User: strings.Repeat("ana", 200), Password: relayPassword})
	var e *Error
	if !errors.As(err, &e) || e.Reply.Code != 535 {
		t.Errorf("long name: %v", err)
	}
}

// A relay that does not know the password may not say that we are in, and none may make us work for long.
func TestScramImpostors(t *testing.T) {
	early := func(s string) string { // "in" in place of the proof
		if strings.HasPrefix(s, "v=") {
			return "in"
		}
		return s
	}
	for name, bug := range map[string]struct {
		bug func(string) string
		err error
	}{
		"no proof asked":      {func(string) string { return "in" }, ErrProof},
		"in after our proof":  {early, ErrProof},
		"wrong signature":     {func(s string) string { return strings.Replace(s, "v=", "v=AA", 1) }, ErrProof},
		"another nonce":       {func(s string) string { return strings.Replace(s, "r=", "r=x", 1) }, ErrProof},
		"too few iterations":  {func(s string) string { return strings.Replace(s, "i=4096", "i=1", 1) }, ErrProof},
		"too many iterations": {func(s string) string { return strings.Replace(s, "i=4096", "i=2000000000", 1) }, ErrReply},
		"nonsense":            {func(string) string { return "\xff" }, ErrProof},
	} {
		r := &relay{mechanisms: []string{scramName}, bug: bug.bug}
		c, err := r.login(t, Login{User: "ana", Password: relayPassword})
		if !errors.Is(err, bug.err) || c.Usable() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// RFC 5802 §7: a reason by "e=" is told with the reply that follows it.
func TestScramServerError(t *testing.T) {
	r := &relay{mechanisms: []string{scramName}, bug: func(string) string { return "e=other-error" }}
	c, err := r.login(t, Login{User: "ana", Password: relayPassword})
	var e *Error
	if !errors.As(err, &e) || e.Reply.Code != 535 || !strings.Contains(fmt.Sprint(err), "e=other-error") || !c.Usable() {
		t.Errorf("%v", err)
	}
}

// What an error says may be logged: no secret is in it.
func TestNoSecretInErrors(t *testing.T) {
	for _, mechanisms := range [][]string{{"PLAIN"}, {"LOGIN"}, {scramName}} {
		r := &relay{mechanisms: mechanisms, version: tls.VersionTLS13, cert: certificate(t)}
		_, err := r.login(t, Login{User: "ana", Password: "topsecret\x00"})
		if err == nil || strings.Contains(err.Error(), "topsecret") || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte("topsecret"))[:8]) {
			t.Errorf("%v: %v", mechanisms, err)
		}
	}
}
