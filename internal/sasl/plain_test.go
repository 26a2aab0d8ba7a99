package sasl

import (
	"errors"
	"strings"
	"testing"

	gosasl "github.com/emersion/go-sasl"
)

func verifyAna(user, pass string) error {
	if user != "ana@example.test" || pass != "secreto" {
		return ErrCredentials
	}
	return nil
}

// talk plays the client's responses, nil for no initial response, and gives the challenges before the end.
func talk(s gosasl.Server, responses ...[]byte) (challenges []string, done bool, err error) {
	for _, r := range responses {
		var c []byte
		if c, done, err = s.Next(r); err != nil || done {
			return challenges, done, err
		}
		challenges = append(challenges, string(c))
	}
	return challenges, done, nil
}

func TestPlain(t *testing.T) {
	long := strings.Repeat("x", maxResponse)
	for _, tt := range []struct {
		in  string
		err error
	}{
		{in: "\x00ana@example.test\x00secreto"},
		// RFC 4616 §2: the identity to act as is absent or the user's own.
		{in: "ana@example.test\x00ana@example.test\x00secreto"},
		{in: "Ana@Example.Test\x00ana@example.test\x00secreto"},
		{in: "luis@example.test\x00ana@example.test\x00secreto", err: ErrCredentials},
		// Wrong logins.
		{in: "\x00ana@example.test\x00falso", err: ErrCredentials},
		{in: "\x00nadie\x00secreto", err: ErrCredentials},
		// Broken messages never reach verify.
		{in: "", err: ErrMalformed},
		{in: "ana@example.test\x00secreto", err: ErrMalformed},
		{in: "\x00ana@example.test\x00secreto\x00", err: ErrMalformed},
		{in: "\x00\x00secreto", err: ErrMalformed},
		{in: "\x00ana@example.test\x00", err: ErrMalformed},
		{in: "\x00ana\xff\x00secreto", err: ErrMalformed},
		{in: "\x00ana\x00" + long, err: ErrMalformed},
	} {
		_, done, err := talk(Plain(verifyAna), []byte(tt.in))
		if !errors.Is(err, tt.err) || done != (tt.err == nil) {
			t.Errorf("%.40q: done %v, err %v, want %v", tt.in, done, err, tt.err)
		}
	}
}

// Without an initial response the client is asked by an empty challenge; after the end nothing is taken.
func TestPlainOrder(t *testing.T) {
	s := Plain(verifyAna)
	challenges, done, err := talk(s, nil, []byte("\x00ana@example.test\x00secreto"))
	if len(challenges) != 1 || challenges[0] != "" || !done || err != nil {
		t.Errorf("challenges %q, done %v, err %v", challenges, done, err)
	}
	if _, _, err := s.Next([]byte("\x00ana@example.test\x00secreto")); !errors.Is(err, ErrMalformed) {
		t.Errorf("second response: %v", err)
	}
}

func TestLogin(t *testing.T) {
	user, pass := []byte("ana@example.test"), []byte("secreto")
	for _, tt := range []struct {
		in         [][]byte
		challenges string
		err        error
	}{
		{in: [][]byte{nil, user, pass}, challenges: "Username:|Password:"},
		{in: [][]byte{user, pass}, challenges: "Password:"}, // name as initial response
		{in: [][]byte{nil, user, []byte("falso")}, challenges: "Username:|Password:", err: ErrCredentials},
		// Broken messages never reach verify.
		{in: [][]byte{nil, {}}, challenges: "Username:", err: ErrMalformed},
		{in: [][]byte{nil, user, {}}, challenges: "Username:|Password:", err: ErrMalformed},
		{in: [][]byte{nil, []byte("a\x00b")}, challenges: "Username:", err: ErrMalformed},
		{in: [][]byte{nil, user, []byte("\xff")}, challenges: "Username:|Password:", err: ErrMalformed},
		{in: [][]byte{nil, make([]byte, maxResponse+1)}, challenges: "Username:", err: ErrMalformed},
	} {
		s := Login(verifyAna)
		challenges, done, err := talk(s, tt.in...)
		if got := strings.Join(challenges, "|"); got != tt.challenges || !errors.Is(err, tt.err) || done != (tt.err == nil) {
			t.Errorf("%.40q: challenges %q, done %v, err %v", tt.in, got, done, err)
		}
		if _, _, err := s.Next(pass); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.40q: after the end: %v", tt.in, err)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("\x00ana@example.test\x00secreto"))
	f.Add([]byte("a\x00b\x00c\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		authzid, user, pass, err := parsePlain(in)
		if err == nil && authzid+"\x00"+user+"\x00"+pass != string(in) {
			t.Errorf("%q came back as %q %q %q", in, authzid, user, pass)
		}
	})
}
