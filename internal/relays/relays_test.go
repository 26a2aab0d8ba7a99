package relays

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/store"
	"buzon/internal/text"
)

func TestComplete(t *testing.T) {
	for _, c := range []struct {
		wish Wish
		want store.Relay
		err  error
	}{
		// What is known of a provider is filled in, and never what the person said otherwise.
		{Wish{Relay: "gmail", User: "ana"}, store.Relay{Host: "smtp.gmail.com", Port: 465, TLS: outbound.TLSImplicit, User: "ana"}, nil},
		{Wish{Relay: "SMTP.gmail.com:587", User: "ana"}, store.Relay{Host: "smtp.gmail.com", Port: 587, TLS: outbound.TLSStart, User: "ana"}, nil},
		{Wish{Relay: "gmail"}, store.Relay{}, ErrUser},
		// Port and TLS follow from one another.
		{Wish{Relay: "smtp.example.net"}, store.Relay{Host: "smtp.example.net", Port: 587, TLS: outbound.TLSStart}, nil},
		{Wish{Relay: "smtp.example.net:465"}, store.Relay{Host: "smtp.example.net", Port: 465, TLS: outbound.TLSImplicit}, nil},
		{Wish{Relay: "smtp.example.net", TLS: "implicit"}, store.Relay{Host: "smtp.example.net", Port: 465, TLS: outbound.TLSImplicit}, nil},
		{Wish{Relay: "[2001:db8::1]:2525", For: "Example.COM"}, store.Relay{Host: "2001:db8::1", Port: 2525, TLS: outbound.TLSStart, For: "example.com"}, nil},
		// Nobody listens within this machine; elsewhere one has to insist.
		{Wish{Relay: "127.0.0.1:1025"}, store.Relay{Host: "127.0.0.1", Port: 1025, TLS: outbound.TLSNone}, nil},
		{Wish{Relay: "smtp.example.net", TLS: "none"}, store.Relay{}, ErrPlain},
		{Wish{Relay: "smtp.example.net", TLS: "none", Force: true}, store.Relay{Host: "smtp.example.net", Port: 25, TLS: outbound.TLSNone}, nil},
		// What is none.
		{Wish{Relay: "two words"}, store.Relay{}, ErrHost},
		{Wish{Relay: "smtp.example.net:70000"}, store.Relay{}, ErrHost},
		{Wish{Relay: ""}, store.Relay{}, ErrHost},
		{Wish{Relay: "smtp.example.net", TLS: "ssl"}, store.Relay{}, ErrTLS},
		{Wish{Relay: "smtp.example.net", For: "a b"}, store.Relay{}, ErrFor},
	} {
		got, _, err := Complete(c.wish)
		if !errors.Is(err, c.err) || c.err == nil && (err != nil || got != c.want) {
			t.Errorf("%+v: %+v, %v, want %+v, %v", c.wish, got, err, c.want, c.err)
		}
	}
}

// A domain's own relays take its mail; those for all take the rest.
func TestTo(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, r := range []store.Relay{{Host: "all.test", Port: 587, TLS: "starttls"}, {Host: "own.test", Port: 587, TLS: "starttls", For: "far.test"}} {
		if err := st.SetRelay(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for domain, want := range map[string]string{"far.test": "own.test", "other.test": "all.test"} {
		list, err := To(t.Context(), st, domain)
		if err != nil || len(list) != 1 || list[0].Host != want {
			t.Errorf("%s: %+v, %v", domain, list, err)
		}
	}
}

func TestTestMail(t *testing.T) {
	ana := message.Address{Local: "ana", Domain: "example.org"}
	for _, lang := range text.Languages() {
		r := TestMail(text.Load(lang), ana, ana, time.Unix(1_800_000_000, 0))
		m, err := message.Parse(r, r.Size())
		if err != nil || len(m.Envelope.From) != 1 || m.Envelope.Subject == "" || m.Envelope.MessageID == "" {
			t.Errorf("%s: %+v, %v", lang, m.Envelope, err)
		}
		whole, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		if err != nil || strings.Contains(strings.ReplaceAll(string(whole), "\r\n", ""), "\n") {
			t.Errorf("%s: lines end otherwise: %q", lang, whole)
		}
	}
}

func TestWhy(t *testing.T) {
	reply := &message.Reply{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "no"}
	if got := Why(errors.Join(errors.New("sending"), reply)); got != reply.Error() {
		t.Errorf("a reply: %q", got)
	}
	if Why(nil) != "" || Why(errors.New("broken")) != "broken" {
		t.Error("others")
	}
}
