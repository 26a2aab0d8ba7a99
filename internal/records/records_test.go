package records

import (
	"os"
	"path/filepath"
	"testing"

	"buzon/internal/store"
)

func openTest(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "home.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// What is told to people, to programs, and to other servers.
func TestNames(t *testing.T) {
	t.Parallel()
	st := openTest(t)
	machine, err := os.Hostname()
	if err != nil || machine == "" {
		machine = "localhost"
	}
	for _, tt := range []struct{ setting, domain, host, ascii, server string }{
		{"", "example.org", "mail.example.org", "mail.example.org", machine},
		{"", "ñandú.example", "mail.ñandú.example", "mail.xn--and-6ma2c.example", machine},
		{"box.example.net", "example.org", "box.example.net", "box.example.net", "box.example.net"},
		{"correo.ñandú.example", "example.org", "correo.ñandú.example", "correo.xn--and-6ma2c.example", "correo.xn--and-6ma2c.example"},
	} {
		if tt.setting != "" {
			if err := st.Set(t.Context(), "server.name", tt.setting); err != nil {
				t.Fatal(err)
			}
		}
		if host, ascii, server := Host(st, tt.domain), ASCIIHost(st, tt.domain), ServerName(st); host != tt.host || ascii != tt.ascii || server != tt.server {
			t.Errorf("%+v: %s %s %s", tt, host, ascii, server)
		}
	}
}

// The note is written when it changes, and not again.
func TestKeepTrusted(t *testing.T) {
	t.Parallel()
	st := openTest(t)
	for _, tt := range []struct {
		trusted bool
		want    string
	}{{false, "no"}, {true, "yes"}, {true, "yes"}, {false, "no"}} {
		before, was, _, err := st.Noted(t.Context(), noteTrusted)
		if err == nil {
			err = KeepTrusted(t.Context(), st, tt.trusted)
		}
		got, at, _, _ := st.Noted(t.Context(), noteTrusted)
		if err != nil || got != tt.want || before == tt.want && !at.Equal(was) {
			t.Errorf("%v: %q at %v, before %q at %v: %v", tt.trusted, got, at, before, was, err)
		}
	}
}
