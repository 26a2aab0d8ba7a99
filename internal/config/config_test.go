package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// parse makes settings from what differs from Default, by the names of Keys.
func parse(values map[string]string) (Settings, error) {
	s := Default()
	for name, value := range values {
		next, err := s.With(name, value)
		if err != nil {
			return Settings{}, err
		}
		s = next
	}
	return s, s.Validate()
}

// Every key round-trips: a value that is not its default is kept, printed, and read again as the same.
func TestEveryKeyRoundTrips(t *testing.T) {
	values := map[string]string{
		"server.name":         "mail.example.org",
		"local.name":          "correo",
		"language":            "es",
		"tls.cert-file":       "/etc/buzon/cert.pem",
		"tls.key-file":        "/etc/buzon/key.pem",
		"pop3.mark-seen":      "yes",
		"pop3.keep-days":      "30",
		"limits.message-size": "20MB",
		"account.quota":       "1536MB",
		"login.hide":          "PLAIN,SCRAM-SHA-256-PLUS",
		"search.index":        "no",
		"page.anywhere":       "yes",
		"imap.hide":           "CONDSTORE,IDLE",
		"imap.show":           "UIDONLY",

		"send.way":               "relay",
		"send.warn-after":        "90m",
		"send.give-up-after":     "2d",
		"send.connections":       "2",
		"send.relay-connections": "8",
		"send.source-address":    "192.0.2.7",
		"send.hello":             "out.example.org",
		"send.per-day":           "50",
		"send.new-per-day":       "0",
		"send.sent-copy":         "yes",
		"dns.resolver":           "[2001:db8::53]:5353",
		"dns.trusted":            "yes",

		"cert.way":         "dns",
		"cert.email":       "ana@example.org",
		"cert.directory":   "https://ca.example.org/dir",
		"cert.staging":     "https://try.example.org/dir",
		"cert.profile":     "shortlived",
		"cert.rsa":         "yes",
		"dns.provider":     "rfc2136",
		"dns.token":        "hmac-sha512:buzon:c2VjcmV0",
		"dns.server":       "ns.example.org:5353",
		"dns.keep-address": "yes",

		"doctor.outside": "eye.example.org:9025",

		"receive.block-lists":    "bl.example.org:3,dnsbl.example.net:1",
		"receive.block-points":   "3",
		"receive.slow-strangers": "no",
		"receive.greylist":       "yes",
		"receive.forwarders":     "lists.example.org,uni.example",
	}
	all, err := parse(values)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		want, ok := values[k.Name]
		if !ok {
			t.Errorf("%s is not in this test", k.Name)
		}
		if got, _ := all.Get(k.Name); got != want {
			t.Errorf("%s prints %q, want %q", k.Name, got, want)
		}
		if k.English == "" || k.Spanish == "" || k.Describe("es") == k.Describe("en") {
			t.Errorf("%s is not described in two languages", k.Name)
		}
	}
	if fields := reflect.TypeFor[Settings]().NumField(); fields != len(Keys()) {
		t.Errorf("%d fields, %d keys", fields, len(Keys()))
	}
	for _, v := range all.List() {
		if !v.Changed() {
			t.Errorf("%s was not changed", v.Key.Name)
		}
	}
}

func TestDefaultIsValid(t *testing.T) {
	s, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s.List() {
		next, err := s.With(v.Key.Name, v.Value)
		if err != nil || !reflect.DeepEqual(next, s) {
			t.Errorf("the default of %s, %q, does not read as itself: %v", v.Key.Name, v.Value, err)
		}
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ key, in, want, err string }{
		// Sizes: units of 1024, in either case, with "b", "iB" or without.
		{key: "account.quota", in: "50MB", want: "50MB"},
		{key: "account.quota", in: "50 m", want: "50MB"},
		{key: "account.quota", in: "1.5GiB", want: "1536MB"},
		{key: "account.quota", in: "1,5 GB", want: "1536MB"},
		{key: "account.quota", in: "1000", want: "1000"},
		{key: "account.quota", in: "2048", want: "2KB"},
		{key: "account.quota", in: "0", want: "0"},
		{key: "account.quota", in: "-1", err: "such as 50MB"},
		{key: "account.quota", in: "9999999999TB", err: "such as 50MB"},
		{key: "account.quota", in: "NaN", err: "no unit"},
		{key: "account.quota", in: "5 parsecs", err: "no unit"},
		// What the RFC asks, and what the box can hold.
		{key: "limits.message-size", in: "1KB", err: "from 64KB to 50MB"},
		{key: "limits.message-size", in: "51MB", err: "from 64KB to 50MB"},
		// Days.
		{key: "pop3.keep-days", in: "30 días", want: "30"},
		{key: "pop3.keep-days", in: "7d", want: "7"},
		{key: "pop3.keep-days", in: "-7", err: "from 0"},
		{key: "pop3.keep-days", in: "2 weeks", err: "no unit"},
		// Switches, in both languages.
		{key: "pop3.mark-seen", in: "SÍ", want: "yes"},
		{key: "pop3.mark-seen", in: "off", want: "no"},
		{key: "pop3.mark-seen", in: "perhaps", err: "yes or no"},
		// Lists: in order, once each, upper case.
		{key: "imap.hide", in: " idle, Condstore idle", want: "CONDSTORE,IDLE"},
		{key: "imap.hide", in: "", want: ""},
		// Texts.
		{key: "server.name", in: " mail.example.org ", want: "mail.example.org"},
		{key: "server.name", in: "[127.0.0.1]", err: "host name"},
		{key: "server.name", in: "a b", err: "host name"},
		{key: "local.name", in: "Casa-2", want: "Casa-2"},
		{key: "local.name", in: "", err: "a word of letters"},
		{key: "local.name", in: "casa.local", err: "a word of letters"},
		{key: "local.name", in: "-casa", err: "a word of letters"},
		{key: "local.name", in: "ñandú", err: "a word of letters"},
		{key: "local.name", in: strings.Repeat("a", 61), err: "a word of letters"},
		{key: "tls.cert-file", in: "a\x00b", err: "control"},
		{key: "tls.key-file", in: "/key.pem", err: "tls.cert-file first"},
		{key: "language", in: "ES", want: "es"},
		{key: "language", in: "fr", err: "one of en, es"},
		// Times, in both languages; a number alone could be minutes or days.
		{key: "send.give-up-after", in: "48 h", want: "2d"},
		{key: "send.give-up-after", in: "3 días", want: "3d"},
		{key: "send.warn-after", in: "90 minutos", want: "90m"},
		{key: "send.warn-after", in: "3600s", want: "1h"},
		{key: "send.warn-after", in: "4", err: "needs a unit"},
		{key: "send.warn-after", in: "2 weeks", err: "no unit"},
		{key: "send.warn-after", in: "-4h", err: "such as 30m"},
		{key: "send.warn-after", in: "1.5h", err: "such as 30m"},
		{key: "send.warn-after", in: "99999999999d", err: "such as 30m"},
		{key: "send.warn-after", in: "40000d", err: "at most 36500 days"},
		// A warning comes neither at once nor after the end, and no mail waits for ever.
		{key: "send.warn-after", in: "0", err: "at least 10m"},
		{key: "send.warn-after", in: "5d", err: "less than send.give-up-after, which is 5d"},
		{key: "send.give-up-after", in: "4h", err: "less than send.give-up-after"},
		{key: "send.give-up-after", in: "31d", err: "from 1h to 30d"},
		// Numbers.
		{key: "send.per-day", in: " 50 ", want: "50"},
		{key: "send.per-day", in: "many", err: "number from 0"},
		{key: "send.per-day", in: "-1", err: "number from 0"},
		{key: "send.per-day", in: "1000001", err: "number from 0"},
		{key: "send.connections", in: "0", err: "from 1 to 20"},
		{key: "send.relay-connections", in: "21", err: "from 1 to 20"},
		// Addresses of this machine and of a DNS server.
		{key: "send.source-address", in: "[2001:DB8::1]", want: "2001:db8::1"},
		{key: "send.source-address", in: "::ffff:192.0.2.1", want: "192.0.2.1"},
		{key: "send.source-address", in: "0.0.0.0", err: "address of this machine"},
		{key: "send.source-address", in: "mail.example.org", err: "address of this machine"},
		{key: "dns.resolver", in: "9.9.9.9", want: "9.9.9.9:53"},
		{key: "dns.resolver", in: "2001:db8::53", want: "[2001:db8::53]:53"},
		{key: "dns.resolver", in: "127.0.0.1:5353", want: "127.0.0.1:5353"},
		{key: "dns.resolver", in: "127.0.0.1:0", err: "such as 192.0.2.1"},
		{key: "dns.resolver", in: "dns.example.org", err: "such as 192.0.2.1"},
		{key: "dns.server", in: "NS.example.org", want: "ns.example.org:53"},
		{key: "dns.server", in: "2001:db8::53", want: "[2001:db8::53]:53"},
		{key: "dns.server", in: "192.0.2.1:0", err: "such as ns.example.org"},
		{key: "dns.server", in: "a b", err: "such as ns.example.org"},
		{key: "doctor.outside", in: "Eye.example.org", want: "eye.example.org:8025"},
		{key: "doctor.outside", in: "192.0.2.1", want: "192.0.2.1:8025"},
		{key: "doctor.outside", in: "http://eye.example.org", err: "such as eye.example.org"},
		// The authority, and who hears of it.
		{key: "cert.directory", in: "http://ca.example.org/dir", err: "such as https"},
		{key: "cert.directory", in: "https://ana@ca.example.org/dir", err: "such as https"},
		{key: "cert.staging", in: "https://ca.example.org/dir", err: "cert.directory first"},
		{key: "cert.email", in: "ana", err: "mail address"},
		{key: "cert.way", in: "magic", err: "one of auto, http"},
		{key: "send.hello", in: "[127.0.0.1]", err: "host name"},
		{key: "send.way", in: "Direct", want: "direct"},
		{key: "send.way", in: "pigeon", err: "one of auto, direct, relay"},
		// A name that does not exist: the nearest is suggested.
		{key: "pop3.keepdays", err: `did you mean "pop3.keep-days"`},
		{key: "zzz", err: `there is no setting "zzz"`},
	} {
		s, err := parse(map[string]string{c.key: c.in})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !errors.Is(err, ErrSetting) {
				t.Errorf("%s = %q: error %v, want one with %q", c.key, c.in, err, c.err)
			}
			continue
		}
		if got, _ := s.Get(c.key); err != nil || got != c.want {
			t.Errorf("%s = %q: %q, %v, want %q", c.key, c.in, got, err, c.want)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"50MB", "1.5g", "0", "9223372036854775807", "1e300TB", "+5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseSize(text)
		if err != nil {
			return
		}
		if again, err := ParseSize(FormatSize(n)); err != nil || again != n {
			t.Errorf("%q is %d, printed %q, read as %d, %v", text, n, FormatSize(n), again, err)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"4h", "5 días", "90m", "0", "9223372036854775807s", "1s", "+5d", "-1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err != nil {
			return
		}
		if again, err := ParseDuration(FormatDuration(d)); err != nil || again != d || d < 0 {
			t.Errorf("%q is %v, printed %q, read as %v, %v", text, d, FormatDuration(d), again, err)
		}
	})
}

func FuzzHostPort(f *testing.F) {
	for _, s := range []string{"9.9.9.9", "[::1]:53", "::1", "fe80::1%eth0", "ns.example.org:99999", "[[", "localhost:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseHostPort(text)
		if err != nil {
			return
		}
		if again, err := parseHostPort(a); err != nil || again != a {
			t.Errorf("%q is %q, read as %q, %v", text, a, again, err)
		}
	})
}

func FuzzResolver(f *testing.F) {
	for _, s := range []string{"9.9.9.9", "[::1]:53", "::1", "fe80::1%eth0", "1.2.3.4:99999", "[[", "127.0.0.1:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseResolver(text)
		if err != nil {
			return
		}
		if again, err := parseResolver(a); err != nil || again != a {
			t.Errorf("%q is %q, read as %q, %v", text, a, again, err)
		}
	})
}
