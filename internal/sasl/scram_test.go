package sasl

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	gosasl "github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

const testUser = "ana@example.test"

var testSalt = []byte("0123456789abcdef")

// house is an account with the given passwords and what Done was told.
type house struct {
	ScramOptions
	user    string
	matched int
}

func newHouse(t testing.TB, passwords ...string) *house {
	t.Helper()
	c := Credentials{Salt: testSalt, Iterations: MinIterations}
	for _, p := range passwords {
		k, err := DeriveKeys(p, c.Salt, c.Iterations)
		if err != nil {
			t.Fatal(err)
		}
		c.Keys = append(c.Keys, k)
	}
	h := &house{matched: -1}
	h.FakeKey = []byte("a secret of this process")
	h.Lookup = func(user string) (Credentials, error) {
		if user != testUser {
			return Credentials{}, ErrCredentials
		}
		return c, nil
	}
	h.Done = func(user string, matched int) error {
		h.user, h.matched = user, matched
		return nil
	}
	return h
}

// converse runs a foreign client against our server until one of them ends it.
func converse(client *scram.ClientConversation, server gosasl.Server) error {
	response, err := client.Step("")
	if err != nil {
		return err
	}
	for {
		challenge, done, err := server.Next([]byte(response))
		if err != nil {
			return err
		}
		if done {
			if !client.Valid() {
				return errors.New("server is content, client is not")
			}
			return nil
		}
		if response, err = client.Step(string(challenge)); err != nil {
			return err
		}
	}
}

func newClient(t testing.TB, user, pass, authzid string) *scram.Client {
	t.Helper()
	c, err := scram.SHA256.NewClient(user, pass, authzid)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Any of an account's passwords logs in and is told apart; the name is taken in any case.
func TestScramPasswords(t *testing.T) {
	for _, tt := range []struct {
		user, pass, authzid string
		matched             int
		err                 error
	}{
		{user: testUser, pass: "uno", matched: 0},
		{user: testUser, pass: "dos", matched: 1},
		{user: "Ana@Example.TEST", pass: "tres, ñandú=", matched: 2},
		{user: testUser, pass: "dos", authzid: testUser, matched: 1},
		{user: testUser, pass: "dos", authzid: "luis@example.test", err: ErrCredentials},
		{user: testUser, pass: "cuatro", err: ErrCredentials},
		{user: "nadie@example.test", pass: "uno", err: ErrCredentials},
		{user: "a,b=c@example.test", pass: "uno", err: ErrCredentials},
	} {
		h := newHouse(t, "uno", "dos", "tres, ñandú=")
		err := converse(newClient(t, tt.user, tt.pass, tt.authzid).NewConversation(), Scram(h.ScramOptions))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s %s: %v, want %v", tt.user, tt.pass, err, tt.err)
		}
		if err == nil && (h.user != testUser || h.matched != tt.matched) {
			t.Errorf("%s %s: done(%q, %d)", tt.user, tt.pass, h.user, h.matched)
		}
		if tt.err != nil && h.matched != -1 {
			t.Errorf("%s %s: Done was called", tt.user, tt.pass)
		}
	}
}

// The exchange of RFC 7677 §3, letter by letter.
func TestScramVector(t *testing.T) {
	salt, _ := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	keys, err := DeriveKeys("pencil", salt, 4096)
	if err != nil {
		t.Fatal(err)
	}
	s := &scramExchange{opt: ScramOptions{Canonical: strings.ToLower}}
	s.opt.Lookup = func(string) (Credentials, error) {
		return Credentials{Salt: salt, Iterations: 4096, Keys: []Keys{keys}}, nil
	}
	// The vector's server nonce is not base64 of 18 octets, so it is put in place of ours.
	s.first, err = parseClientFirst([]byte("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.lookup(); err != nil {
		t.Fatal(err)
	}
	s.nonce = `rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`
	s.serverFirst = "r=" + s.nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	got, _, err := s.prove([]byte("c=biws,r=" + s.nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
	if want := "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="; string(got) != want || err != nil {
		t.Errorf("server-final %q, %v, want %q", got, err, want)
	}
}

// firstAnswer is our answer to client-first for a user, with the nonce fixed.
func firstAnswer(t *testing.T, h *house, user string) string {
	t.Helper()
	h.Rand = bytes.NewReader(make([]byte, nonceSize))
	challenge, _, err := Scram(h.ScramOptions).Next([]byte("n,,n=" + user + ",r=abc"))
	if err != nil {
		t.Fatal(err)
	}
	return string(challenge)
}

// A name that does not exist looks like one that does: a salt of its own, always the same, whatever its case.
func TestScramHidesUnknownUsers(t *testing.T) {
	h := newHouse(t, "uno")
	known := firstAnswer(t, h, testUser)
	first, again := firstAnswer(t, h, "nadie@example.test"), firstAnswer(t, h, "Nadie@example.test")
	other := firstAnswer(t, h, "nada@example.test")
	if first != again || first == other || len(first) != len(known) {
		t.Errorf("known %q\nfirst %q\nagain %q\nother %q", known, first, again, other)
	}
}

// Only ErrCredentials means "no such user"; a store that fails is a failure of ours. Done may refuse.
func TestScramErrorsOfTheHouse(t *testing.T) {
	broken := errors.New("disk is gone")
	h := newHouse(t, "uno")
	h.Lookup = func(string) (Credentials, error) { return Credentials{}, broken }
	if err := converse(newClient(t, testUser, "uno", "").NewConversation(), Scram(h.ScramOptions)); !errors.Is(err, broken) {
		t.Errorf("lookup: %v", err)
	}
	h = newHouse(t, "uno")
	h.Done = func(string, int) error { return broken }
	if err := converse(newClient(t, testUser, "uno", "").NewConversation(), Scram(h.ScramOptions)); !errors.Is(err, broken) {
		t.Errorf("done: %v", err)
	}
}

func TestScramMalformedFirst(t *testing.T) {
	for _, in := range []string{
		"", "n", "n,,", "n,,n=ana", "x,,n=ana,r=abc", "p=,,n=ana,r=abc", "n,b=c,n=ana,r=abc",
		"n,,n=,r=abc", "n,,n=an=a,r=abc", "n,,n=an=2ca,r=abc", "n,a=,n=ana,r=abc",
		"n,,n=ana,r=", "n,,n=ana,r=a b", "n,,n=ana,r=ñ", "n,,n=ana\x00,r=abc", "n,,n=\xff,r=abc",
		// RFC 5802 §5.1: an unknown mandatory extension ends it.
		"n,,m=x,n=ana,r=abc",
		// The flag must fit the mechanism.
		"p=tls-exporter,,n=ana,r=abc",
		"n,,n=ana,r=" + strings.Repeat("x", maxResponse),
	} {
		s := Scram(newHouse(t).ScramOptions)
		if _, _, err := s.Next([]byte(in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.40q: %v", in, err)
		}
		if _, _, err := s.Next([]byte("n,,n=ana,r=abc")); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.40q: a second try was taken: %v", in, err)
		}
	}
}

func TestScramMalformedFinal(t *testing.T) {
	proof := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, tt := range []struct {
		in  string // NONCE stands for ours
		err error
	}{
		{in: "c=biws,r=NONCE,p=" + proof, err: ErrCredentials},
		{in: "c=biws,r=NONCE,x=ignored,p=" + proof, err: ErrCredentials}, // RFC 5802 §7: extensions
		{in: "c=eSws,r=NONCE,p=" + proof, err: ErrCredentials},           // header changed on the way
		{in: "", err: ErrMalformed},
		{in: "c=biws,r=NONCE", err: ErrMalformed},
		{in: "c=biws,p=" + proof, err: ErrMalformed},
		{in: "r=NONCE,c=biws,p=" + proof, err: ErrMalformed},
		{in: "c=biws,r=other,p=" + proof, err: ErrMalformed},
		{in: "c=bi!s,r=NONCE,p=" + proof, err: ErrMalformed},
		{in: "c=biws,r=NONCE,p=AAAA", err: ErrMalformed},
		{in: "c=biws,r=NONCE,p=" + proof + ",x=y", err: ErrMalformed},
		{in: "c=biws,r=NONCE,p=" + proof + "\n", err: ErrMalformed},
	} {
		s := Scram(newHouse(t, "uno").ScramOptions)
		challenge, _, err := s.Next([]byte("n,,n=" + testUser + ",r=abc"))
		if err != nil {
			t.Fatal(err)
		}
		nonce, _, _ := strings.Cut(strings.TrimPrefix(string(challenge), "r="), ",")
		if _, _, err := s.Next([]byte(strings.Replace(tt.in, "NONCE", nonce, 1))); !errors.Is(err, tt.err) {
			t.Errorf("%q: %v, want %v", tt.in, err, tt.err)
		}
	}
}

// A login ends with the client's empty response and nothing else.
func TestScramThirdMessage(t *testing.T) {
	h := newHouse(t, "uno")
	s := Scram(h.ScramOptions)
	client := newClient(t, testUser, "uno", "").NewConversation()
	first, _ := client.Step("")
	challenges, _, err := talk(s, nil, []byte(first))
	if err != nil || challenges[0] != "" {
		t.Fatalf("%q, %v", challenges, err)
	}
	final, _ := client.Step(challenges[1])
	if _, done, err := s.Next([]byte(final)); done || err != nil || h.matched != -1 {
		t.Fatalf("before the empty response: done %v, %v, matched %d", done, err, h.matched)
	}
	if _, _, err := s.Next([]byte("more")); !errors.Is(err, ErrMalformed) || h.matched != -1 {
		t.Errorf("third message: %v, matched %d", err, h.matched)
	}
}

func TestDeriveKeys(t *testing.T) {
	composed, _ := DeriveKeys("ñ", testSalt, MinIterations)
	decomposed, err := DeriveKeys("n\u0303", testSalt, MinIterations)
	if err != nil || composed != decomposed {
		t.Error("SASLprep must make composed and decomposed letters equal")
	}
	if _, err := DeriveKeys("🐈", testSalt, MinIterations); err != nil {
		t.Errorf("what SASLprep refuses is taken as it is: %v", err)
	}
	if _, err := DeriveKeys("x", testSalt, 1000); err == nil {
		t.Error("RFC 7677 §4: at least 4096 iterations")
	}
	if _, err := DeriveKeys("x", nil, MinIterations); err == nil {
		t.Error("no salt")
	}
}

func FuzzClientFirst(f *testing.F) {
	f.Add([]byte("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
	f.Add([]byte("p=tls-exporter,a=us=2Cer,n=us=3Der,r=abc,x=y"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := parseClientFirst(in)
		if err == nil && (m.gs2+m.bare != string(in) || m.user == "" || m.nonce == "") {
			t.Errorf("%q came back as %+v", in, m)
		}
	})
}

func FuzzClientFinal(f *testing.F) {
	f.Add([]byte("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := parseClientFinal(in)
		if err == nil && !bytes.HasPrefix(in, []byte(m.withoutProof+",p=")) {
			t.Errorf("%q came back as %+v", in, m)
		}
	})
}

func BenchmarkDeriveKeys(b *testing.B) {
	for b.Loop() {
		if _, err := DeriveKeys("correct horse", testSalt, MinIterations); err != nil {
			b.Fatal(err)
		}
	}
}
