package settings

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
)

func prefixes(all ...string) (p []netip.Prefix) {
	for _, s := range all {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func addrs(all ...string) (a []netip.Addr) {
	for _, s := range all {
		a = append(a, netip.MustParseAddr(s))
	}
	return a
}

const example = "\uFEFF# the box of the Pérez family\r\nHostname = Casa.local\r\naddress=192.168.1.5/24, fd00::5/64\r\n" +
	"gateway=192.168.1.1\r\ndns=192.168.1.1 9.9.9.9 # two\r\ntime=ptbtime1.ptb.de 10.0.2.2:1230\r\nrescue=sí\r\nlanguage=ES\r\nwatchdog=no\r\n"

func TestParse(t *testing.T) {
	whole := Settings{
		Hostname: "casa", Addresses: prefixes("192.168.1.5/24", "fd00::5/64"), Gateways: addrs("192.168.1.1"),
		DNS: addrs("192.168.1.1", "9.9.9.9"), Time: []string{"ptbtime1.ptb.de:123", "10.0.2.2:1230"}, Language: "es", Rescue: true,
	}
	for file, want := range map[string]Settings{
		"":                          Default(),
		example:                     whole,
		"hostname=\n\n   \nrescue=": Default(), // left empty, as in an example
		"hostname='a'":              {Hostname: "a", Watchdog: true},
		"HOSTNAME=b\rRESCUE=YES":    {Hostname: "b", Rescue: true, Watchdog: true}, // as an old Mac
		"time=::1":                  {Time: []string{"[::1]:123"}, Watchdog: true},
		"time=[::1]:1":              {Time: []string{"[::1]:1"}, Watchdog: true},
	} {
		if got, problems := Parse([]byte(file)); !reflect.DeepEqual(got, want) || len(problems) > 0 {
			t.Errorf("%q: %+v %v", file, got, problems)
		}
	}
}

// A file that Windows' editor wrote as "Unicode".
func TestParseWide(t *testing.T) {
	want, _ := Parse([]byte(example))
	units := utf16.Encode([]rune(example))
	little, big := []byte{}, []byte{}
	for _, u := range units {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	for _, file := range [][]byte{little, big} {
		if got, problems := Parse(file); !reflect.DeepEqual(got, want) || len(problems) > 0 {
			t.Errorf("%+v %v", got, problems)
		}
	}
}

// What is wrong is told with its line, and changes nothing; what is right beside it counts.
func TestParseComplains(t *testing.T) {
	for line, key := range map[string]string{
		"hostname":                 "box_settings_no_equals",
		"ssid=home":                "box_settings_unknown",
		"hostname=two words":       "box_settings_hostname",
		"hostname=-a":              "box_settings_hostname",
		"hostname=a.b":             "box_settings_hostname",
		"address=192.168.1.5":      "box_settings_address", // how large is the network?
		"address=192.168.1.5/24 x": "box_settings_address",
		"address=0.0.0.0/0":        "box_settings_address",
		"gateway=router":           "box_settings_gateway",
		"dns=1.1.1":                "box_settings_dns",
		"time=a_b":                 "box_settings_time",
		"time=a:0":                 "box_settings_time",
		"language=fr":              "box_settings_language",
		"rescue=perhaps":           "box_settings_yes_no",
		"dns=" + strings.Repeat("1.1.1.1,", most+1): "box_settings_dns",
	} {
		got, problems := Parse([]byte("# one\n" + line + "\nhostname=there"))
		want := Default()
		want.Hostname = "there"
		if !reflect.DeepEqual(got, want) || len(problems) != 1 || problems[0].Line != 2 || problems[0].Key != key {
			t.Errorf("%q: %+v %v", line, got, problems)
		}
	}
	if got, problems := Parse([]byte("gateway=192.168.1.1")); len(got.Gateways) > 0 || len(problems) != 1 || problems[0].Line != 0 {
		t.Errorf("a gateway without an address: %+v %v", got, problems)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("\xff\xfeh\x00=\x00"))
	f.Add([]byte("address=\x1b[2J"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, problems := Parse(file)
		for _, p := range problems {
			for _, arg := range p.Args {
				if strings.ContainsFunc(arg, func(r rune) bool { return r < ' ' }) || len([]rune(arg)) > 41 {
					t.Errorf("%q is not for a console", arg)
				}
			}
		}
		if s.Hostname != "" && !isLabel(s.Hostname) {
			t.Errorf("the name is %q", s.Hostname)
		}
		if len(s.Addresses) > most || len(s.DNS) > most || len(s.Time) > most || len(s.Gateways) > most {
			t.Error("too many")
		}
	})
}
