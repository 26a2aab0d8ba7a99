package login

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gosasl "github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"

	"buzon/internal/config"
	"buzon/internal/limit"
	"buzon/internal/message"
	"buzon/internal/sasl"
	"buzon/internal/store"
)

const name, password = "ana@example.test", "correct horse"

var (
	abroad = Peer{Service: "test", Addr: netip.MustParseAddr("192.0.2.1")}
	here   = Peer{Service: "test", Addr: netip.MustParseAddr("127.0.0.1")}
	secure = Peer{Service: "test", Addr: netip.MustParseAddr("192.0.2.1"), TLS: &tls.ConnectionState{}}
)

// house is a door with an account behind it, and the app password of ana's phone.
func house(t *testing.T) (d *Door, app string) {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "x.db"), store.Options{Log: log, Now: time.Now, Limits: config.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	ana, err := message.ParseAddress(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.AddDomain(ctx, ana.Domain); err != nil {
		t.Fatal(err)
	}
	if _, err := st.AddAccount(ctx, ana, password); err != nil {
		t.Fatal(err)
	}
	if app, err = st.AddAppPassword(ctx, ana, "phone"); err != nil {
		t.Fatal(err)
	}
	guard := &limit.Guard{Free: 2, Base: time.Hour, Max: time.Hour, HalfLife: time.Hour, Trust: time.Hour, Entries: 100, Now: time.Now}
	return &Door{Store: st, Guard: guard, Leaf: func(*tls.ConnectionState) *x509.Certificate { return nil }, FakeKey: []byte("fake"), Log: log}, app
}

func TestPassword(t *testing.T) {
	d, app := house(t)
	for _, user := range []string{name, "ANA@Example.Test", "ana"} { // the local part will do where there is one domain
		for _, secret := range []string{password, app} {
			acc, err := d.Password(context.Background(), secure, user, secret)
			if err != nil || acc.Address.Key() != name {
				t.Errorf("%s: %v, %v", user, acc.Address, err)
			}
		}
	}
}

// What is wrong is not told, and after some mistakes it takes its time.
func TestRefused(t *testing.T) {
	d, _ := house(t)
	for _, user := range []string{name, "nobody@example.test", "not an address"} {
		if _, err := d.Password(context.Background(), secure, user, "wrong"); err != ErrRefused {
			t.Errorf("%s: %v", user, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Password(ctx, secure, name, password); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a fourth attempt at once: %v", err)
	}
}

// No password where somebody could listen, PLUS only where there is a TLS to bind to.
func TestMechanisms(t *testing.T) {
	d, _ := house(t)
	for _, c := range []struct {
		peer            Peer
		anything, bound bool
	}{{abroad, false, false}, {here, true, false}, {secure, true, true}} {
		got := d.Mechanisms(c.peer)
		if len(got) > 0 != c.anything || slices.Contains(got, plus) != c.bound {
			t.Errorf("%+v: %q", c.peer, got)
		}
		for _, m := range []string{"PLAIN", "LOGIN", "SCRAM-SHA-256", plus, "CRAM-MD5"} {
			_, err := d.Start(context.Background(), c.peer, m, func(store.Account) {})
			if offered := slices.Contains(got, m); (err == nil) != offered {
				t.Errorf("%+v: %s: %v", c.peer, m, err)
			}
		}
	}
}

// A way to log in that the owner hides is not there, and SCRAM knows that PLUS was not offered.
func TestHidden(t *testing.T) {
	d, _ := house(t)
	if err := d.Store.Set(context.Background(), "login.hide", "scram-sha-256-plus"); err != nil {
		t.Fatal(err)
	}
	if got := d.Mechanisms(secure); slices.Contains(got, plus) || !slices.Contains(got, "SCRAM-SHA-256") {
		t.Errorf("offered: %q", got)
	}
	if _, err := d.Start(context.Background(), secure, plus, func(store.Account) {}); err != ErrMechanism {
		t.Errorf("hidden, but started: %v", err)
	}
}

// talk runs a foreign SCRAM client against the door.
func talk(t *testing.T, d *Door, user, secret string) (acc store.Account, salt string, err error) {
	t.Helper()
	client, err := scram.SHA256.NewClient(user, secret, "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := d.Start(context.Background(), here, "SCRAM-SHA-256", func(a store.Account) { acc = a })
	if err != nil {
		t.Fatal(err)
	}
	conversation := client.NewConversation()
	response, err := conversation.Step("")
	for n := 0; ; n++ {
		if err != nil {
			return acc, salt, err
		}
		challenge, done, err := server.Next([]byte(response))
		if err != nil || done {
			return acc, salt, err
		}
		if n == 0 {
			salt = challengeSalt(string(challenge))
		}
		if response, err = conversation.Step(string(challenge)); err != nil {
			return acc, salt, err
		}
	}
}

// challengeSalt is what follows the nonce in server-first (RFC 5802 §5.1).
func challengeSalt(serverFirst string) string {
	_, salt, _ := strings.Cut(serverFirst, ",s=")
	return salt
}

func TestScram(t *testing.T) {
	d, app := house(t)
	for _, secret := range []string{password, app} {
		acc, _, err := talk(t, d, name, secret)
		if err != nil || acc.Address.Key() != name {
			t.Errorf("%v, %v", acc.Address, err)
		}
	}
	used, err := d.Store.AppPasswords(context.Background(), message.Address{Local: "ana", Domain: "example.test"})
	if err != nil || len(used) != 1 || used[0].LastUsed.IsZero() {
		t.Errorf("the use of the app password was not noted: %+v, %v", used, err)
	}
	if _, _, err := talk(t, d, name, "wrong"); err != ErrRefused {
		t.Errorf("wrong password: %v", err)
	}
}

// A name that nobody has looks like one that somebody has: a salt that stays, the same for all spellings.
func TestScramHidesNames(t *testing.T) {
	for _, who := range []string{"ana", "bob"} {
		d, _ := house(t)
		var salts []string
		for _, user := range []string{who, who + "@example.test", who + "@EXAMPLE.test"} {
			_, salt, err := talk(t, d, user, "wrong")
			if err != ErrRefused {
				t.Errorf("%s: %v", user, err)
			}
			salts = append(salts, salt)
		}
		if salts[0] == "" || salts[0] != salts[1] || salts[0] != salts[2] {
			t.Errorf("%s has the salts %q", who, salts)
		}
	}
}

// A client that breaks the rules is not one that guesses.
func TestMalformedIsNotAFailure(t *testing.T) {
	d, _ := house(t)
	for range 5 {
		server, err := d.Start(context.Background(), here, "SCRAM-SHA-256", func(store.Account) {})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := gosasl.Server(server).Next([]byte("nonsense")); !errors.Is(err, sasl.ErrMalformed) {
			t.Fatal(err)
		}
	}
	if delay := d.Guard.Delay(here.Addr, name); delay != 0 {
		t.Errorf("delay %v after malformed exchanges", delay)
	}
}
