package dkim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPair(t *testing.T) {
	keys := pair(t)
	if len(keys) != 2 || keys[0].Selector != "b2026a-rsa" || keys[1].Selector != "b2026a-ed25519" {
		t.Fatalf("%+v", keys)
	}
	if name := keys[0].Name("example.org"); name != "b2026a-rsa._domainkey.example.org" {
		t.Error(name)
	}
	if name := keys[1].Name("muñoz.example"); name != "b2026a-ed25519._domainkey.xn--muoz-hqa.example" {
		t.Error(name)
	}
	for i, want := range []string{"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "v=DKIM1; k=ed25519; p="} {
		record, err := keys[i].Record()
		if err != nil || !strings.HasPrefix(record, want) {
			t.Errorf("%v: %s", err, record)
		}
	}
	if record, _ := keys[1].Record(); len(record) != len("v=DKIM1; k=ed25519; p=")+44 { // RFC 8463 §4: 32 octets
		t.Error(record)
	}
	if _, err := (Key{Algorithm: RSA}).Record(); err == nil {
		t.Error("a record of nothing")
	}
}

func TestNextSelector(t *testing.T) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for want, inUse := range map[string][]string{
		"b2026a":  nil,
		"b2026b":  {"b2026a-rsa", "b2026a-ed25519"},
		"b2026d":  {"b2026c-rsa", "b2026a-rsa"},
		"b2026ba": {"b2026z-rsa"},
		"b2026bb": {"b2026ba-rsa"},
	} {
		if got := NextSelector(day, inUse); got != want {
			t.Errorf("after %v: %s, want %s", inUse, got, want)
		}
	}
	// What others chose, and other years, are not counted.
	if got := NextSelector(day, []string{"b2025c-rsa", "mail", "b2026", "b2026-rsa", "b2026A-rsa", "b2026zzzzzzzzzzzzzz"}); got != "b2026a" {
		t.Error(got)
	}
	// The year is that of Greenwich, whatever the clock on the wall says.
	if got := NextSelector(time.Date(2027, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600)), nil); got != "b2026a" {
		t.Error(got)
	}
	var used []string
	for range 1000 {
		next := NextSelector(day, used)
		if slices.Contains(used, next) {
			t.Fatalf("%s twice", next)
		}
		used = append(used, next)
	}
}

func TestPublishes(t *testing.T) {
	keys := pair(t)
	for i, k := range keys {
		record, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		_, p, _ := strings.Cut(record, "p=")
		for _, good := range []string{record, record + ";", " " + strings.ReplaceAll(record, " ", "") + " ; \r\n",
			"k=" + k.Algorithm + ";p=" + p[:20] + " \t" + p[20:], "n=a note; " + record[len("v=DKIM1; "):]} {
			if !k.Publishes(good) {
				t.Errorf("not published by %q", good)
			}
		}
		other, err := keys[1-i].Record()
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"", other, "v=DKIM2; " + record[len("v=DKIM1; "):], "v=DKIM1; k=" + k.Algorithm + "; p=",
			record[:len(record)-8], record + "; p=" + p, "v=spf1 -all", "v=DKIM1; k=dsa; p=" + p, "p", "=" + p} {
			if k.Publishes(bad) {
				t.Errorf("published by %q", bad)
			}
		}
		// Without k= it is RSA (RFC 6376 §3.6.1).
		if k.Publishes("v=DKIM1; p="+p) != (k.Algorithm == RSA) {
			t.Errorf("%s without k=", k.Algorithm)
		}
	}
	if (Key{Algorithm: RSA}).Publishes("v=DKIM1; p=") {
		t.Error("no key is published by nothing")
	}
}

// A record is what anybody may write into DNS.
func FuzzPublishes(f *testing.F) {
	keys, err := onePair()
	if err != nil {
		f.Fatal(err)
	}
	for _, k := range keys {
		record, err := k.Record()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(record)
	}
	f.Add("v=DKIM1;; p==; k")
	f.Fuzz(func(t *testing.T, record string) {
		if keys[0].Publishes(record) && keys[1].Publishes(record) {
			t.Errorf("%q publishes both keys", record)
		}
	})
}
