package admin

import (
	"bytes"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"buzon/internal/cli"
	"buzon/internal/listen"
	"buzon/internal/message"
	"buzon/internal/store"
)

// A box without an owner shows its code and its page; one with an owner its ports. How to begin is told until there is somebody.
func TestAnnounce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "home.db")
	st, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := Announcement{
		CodeFile: "/data/claim.txt", Page: netip.MustParseAddrPort("192.168.1.5:80"), Data: path,
		Ports: []listen.Port{
			{Service: listen.Service{Name: "smtp", Purpose: "serve_receive"}, Listener: l},
			{Service: listen.Service{Name: "imaps", ImplicitTLS: true, Purpose: "serve_imap"}, Listener: l},
			{Service: listen.Service{Name: "http", Purpose: "serve_http"}, Listener: l},
		},
	}
	said := func(code string) string {
		a.Code = code
		var out bytes.Buffer
		c := cli.New(nil, func(string) string { return "" }, strings.NewReader(""), &out, &out)
		if err := Announce(t.Context(), c, st, a); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	has := func(text string, all ...string) {
		t.Helper()
		for _, want := range all {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in:\n%s", want, text)
			}
		}
	}
	at := l.Addr().String()
	unclaimed := said("1234 5678")
	has(unclaimed, "1234 5678", "/data/claim.txt", "http://192.168.1.5\n", "--data "+path)
	if strings.Contains(unclaimed, at) {
		t.Errorf("ports that are none of an owner's are told:\n%s", unclaimed)
	}
	claimed := strings.Fields(said(""))
	for _, row := range [][]string{{"smtp", at, "STARTTLS"}, {"imaps", at, "TLS"}, {"http", at, "-"}} {
		if i := slices.Index(claimed, row[0]); i < 0 || !slices.Equal(claimed[i:i+3], row) {
			t.Errorf("no row %q in %q", row, claimed)
		}
	}
	if err := st.AddDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	if _, err := st.AddAccount(t.Context(), message.Address{Local: "ana", Domain: "example.org"}, "a long password"); err != nil {
		t.Fatal(err)
	}
	if text := said(""); strings.Contains(text, "--data") || strings.Contains(text, "1234") {
		t.Errorf("an owner is told how to begin:\n%s", text)
	}
}

// The page is at the name, where somebody answers for it, and at the number: not all phones ask.
func TestAnnouncePages(t *testing.T) {
	for _, tt := range []struct {
		local, page string
		want        []string
	}{
		{page: "192.168.1.5:80", want: []string{"http://192.168.1.5"}},
		{local: "buzon.local", page: "192.168.1.5:80", want: []string{"http://buzon.local", "http://192.168.1.5"}},
		{local: "buzon.local", page: "192.168.1.5:10080", want: []string{"http://buzon.local:10080", "http://192.168.1.5:10080"}},
		{page: "[fd00::5]:8080", want: []string{"http://[fd00::5]:8080"}},
		{page: "[fd00::5]:80", want: []string{"http://[fd00::5]"}},
	} {
		got, err := Announcement{Local: tt.local, Page: netip.MustParseAddrPort(tt.page)}.pages()
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s %s: %q %v", tt.local, tt.page, got, err)
		}
	}
	all, err := listen.Private()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Announcement{Local: "buzon.local", Page: netip.MustParseAddrPort("[::]:80")}.pages()
	if err != nil || len(got) != len(all)+1 || got[0] != "http://buzon.local" {
		t.Errorf("on all addresses: %q, %v are here: %v", got, all, err)
	}
}
