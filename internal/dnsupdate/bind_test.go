package dnsupdate

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bind is a real server that takes updates for example.test.
type bind struct {
	t    *testing.T
	addr string
}

// secret is the key that may update, in base64.
const secret = "c2VjcmV0IG9mIHR3ZW50eSBvY3RldHM="

const bindConfig = `
options {
	directory "%[1]s"; pid-file "%[1]s/pid"; session-keyfile "%[1]s/session"; lock-file none;
	listen-on port %[2]s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; managed-keys-directory "%[1]s";
};
controls { };
key "buzon." { algorithm hmac-sha256; secret "%[3]s"; };
key "records." { algorithm hmac-sha256; secret "%[3]s"; };
key "strong." { algorithm hmac-sha512; secret "%[3]s"; };
zone "example.test" { type primary; file "%[1]s/zone"; update-policy { grant buzon. zonesub TXT; grant strong. zonesub TXT; grant records. zonesub A AAAA CNAME MX SRV TXT; }; };
`

const bindZone = `$TTL 300
@ SOA ns.example.test. root.example.test. 1 3600 600 86400 60
@ NS ns.example.test.
ns A 127.0.0.1
mail A 192.0.2.1
_acme-challenge.mail TXT "somebody else's"
`

func startBIND(t *testing.T) *bind {
	t.Helper()
	program := named(t)
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bind{t: t, addr: l.Addr().String()}
	l.Close()
	_, port, _ := net.SplitHostPort(b.addr)
	for name, text := range map[string]string{"conf": fmt.Sprintf(bindConfig, dir, port, secret), "zone": bindZone} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-g", "-n", "1", "-c", filepath.Join(dir, "conf"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		log.Close()
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("BIND said:\n%s", text[max(0, len(text)-4000):])
		}
	})
	b.await()
	return b
}

// named is Debian's, installed or unpacked by .ci/run.
func named(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/sbin/named", "/opt/buzon-peers/bind9/usr/sbin/named"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("BIND is missing; .ci/run unpacks it")
	}
	t.Skip("BIND is missing; .ci/run unpacks it")
	return ""
}

func (b *bind) await() {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := b.look().ask(b.t.Context(), b.addr, "example.test", 6, false)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("BIND does not answer: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (b *bind) look() *Look {
	_, port, _ := net.SplitHostPort(b.addr)
	return &Look{Resolver: func() []string { return []string{b.addr} }, Dial: dial, Port: port}
}

func (b *bind) want(name, text string, want bool) {
	b.t.Helper()
	seen, err := b.look().Seen(b.t.Context(), name, text)
	if err != nil || seen != want {
		b.t.Errorf("%s TXT %q: seen %v, %v, want %v", name, text, seen, err, want)
	}
}

// A real BIND, with TSIG: a record is set beside another's, seen, set again, and removed without the other.
func TestRFC2136(t *testing.T) {
	b := startBIND(t)
	for _, key := range []string{"buzon:" + secret, "hmac-sha512:strong:" + secret} {
		k, err := ParseKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write := RFC2136(b.addr, k, dial, time.Now)
		for _, name := range []string{"_acme-challenge.mail.example.test", "_acme-challenge.new.deep.example.test"} {
			change := Change{Name: name, Text: "token-" + name}
			b.want(name, change.Text, false)
			for range 2 {
				if err := write(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				b.want(name, change.Text, true)
			}
			change.Remove = true
			for range 2 {
				if err := write(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				b.want(name, change.Text, false)
			}
		}
		b.want("_acme-challenge.mail.example.test", "somebody else's", true)
	}
}

// What BIND refuses is told in words that lead to the reason.
func TestRFC2136Refused(t *testing.T) {
	b := startBIND(t)
	change := Change{Name: "_acme-challenge.mail.example.test", Text: "x"}
	for _, c := range []struct {
		name, key, words string
		change           Change
		now              func() time.Time
	}{
		{name: "an unknown key", key: "stranger:" + secret, words: "BADKEY"},
		{name: "a wrong secret", key: "buzon:d3Jvbmc=", words: "BADSIG"},
		{name: "a wrong algorithm", key: "hmac-sha512:buzon:" + secret, words: "BADKEY"},
		{name: "a wrong clock", key: "buzon:" + secret, words: "BADTIME", now: func() time.Time { return time.Now().Add(time.Hour) }},
		{name: "another's zone", key: "buzon:" + secret, words: "REFUSED", change: Change{Name: "_acme-challenge.example.net", Text: "x"}},
	} {
		k, err := ParseKey(c.key)
		if err != nil {
			t.Fatal(err)
		}
		if c.now == nil {
			c.now = time.Now
		}
		if c.change.Name == "" {
			c.change = change
		}
		err = RFC2136(b.addr, k, dial, c.now)(t.Context(), c.change)
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %s", c.name, err, c.words)
		}
	}
	k, _ := ParseKey("buzon:" + secret)
	if err := RFC2136("127.0.0.1:1", k, dial, time.Now)(t.Context(), change); err == nil {
		t.Error("nobody there, and no error")
	}
}

// An answer that is not signed with the key is not believed.
func TestRFC2136Unsigned(t *testing.T) {
	k, _ := ParseKey("buzon:" + secret)
	err := RFC2136(unsigned(t), k, dial, time.Now)(t.Context(), Change{Name: "_acme-challenge.example.test", Text: "x"})
	if err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Error(err)
	}
}

func TestParseKey(t *testing.T) {
	for text, ok := range map[string]bool{
		"buzon:c2VjcmV0":                     true,
		"hmac-sha512:buzon.example:c2VjcmV0": true,
		"hmac-sha256.:buzon.:c2VjcmV0":       true,
		"HMAC-SHA384:buzon:c2VjcmV0":         true,
		"hmac-md5:buzon:c2VjcmV0":            false,
		"hmac-sha1:buzon:c2VjcmV0":           false,
		"buzon:not base64!":                  false,
		"buzon:":                             false,
		":c2VjcmV0":                          false,
		"c2VjcmV0":                           false,
		"a:b:c:d":                            false,
		"":                                   false,
	} {
		if _, err := ParseKey(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("hmac-sha256:buzon:c2VjcmV0")
	f.Add("a:b:c:d")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text)
		if err != nil {
			return
		}
		if again, err := ParseKey(k.Algorithm + ":" + k.Name + ":" + k.Secret); err != nil || again != k {
			t.Errorf("%q is %+v, read as %+v, %v", text, k, again, err)
		}
	})
}
