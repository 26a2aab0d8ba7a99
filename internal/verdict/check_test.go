package verdict

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
	"buzon/internal/message"
	"buzon/internal/text"
)

func TestCheck(t *testing.T) {
	v := judge(t, from(t, world(t), sign(t, "far.example", letter)))
	if v.SPF.Result != Pass || v.SPF.Domain != "far.example" || v.Helo.Result != Pass || !v.Helo.Helo || v.Reverse.Name() != "mx.far.example" ||
		results(v) != "pass pass" || v.ARC.Result != None || v.DMARC.Result != Pass || !v.DMARC.SPF || !v.DMARC.DKIM || v.Temporary() {
		t.Errorf("%+v", v)
	}
	if reason, yes := v.Defer(); yes {
		t.Error(reason)
	}
}

// A forged mail is told as such, to the log and to people in their language.
func TestReasons(t *testing.T) {
	m := from(t, world(t), letter)
	m.Client = client.Next()
	v := judge(t, m)
	if v.DMARC.Disposition != Reject || v.SPF.Result != Fail || v.Reverse.Result != dns.ReversePermError {
		t.Errorf("%+v", v)
	}
	for lang, want := range map[string]string{"en": "asks for such mail to be refused", "es": "pide que se rechace"} {
		var all []string
		for _, r := range v.Reasons() {
			all = append(all, text.Load(lang).Say(r.Key, r.Args...))
		}
		said := strings.Join(all, "\n")
		if !strings.Contains(all[0], want) || strings.ContainsAny(said, "{}_") || len(all) != 3 {
			t.Error(said)
		}
	}
}

// Every reason has a text without a placeholder left.
func TestAllReasons(t *testing.T) {
	words := text.Load("en")
	for _, d := range []DMARC{
		{Result: Pass}, {Result: TempError}, {Result: PermError}, {Result: None}, {Result: None, Domain: "a"}, {Result: Fail, Wish: None}, {Result: Fail, Wish: Quarantine},
		{Result: Fail, Wish: Reject, Override: TrustedForwarder}, {Result: Fail, Wish: Reject, Override: LocalPolicy},
		{Result: Fail, Wish: Reject, Override: OtherReason}, {Result: Fail, Wish: Reject, Override: SampledOut},
	} {
		for _, result := range []string{Pass, Fail, SoftFail, Neutral, Policy, None, TempError, PermError} {
			v := Verdict{DMARC: d, SPF: SPF{Result: result, Domain: "a"}, DKIM: []Signature{{Result: result, Weak: true}}, ARC: ARC{Result: result}, Reverse: dns.Reverse{Result: result}}
			for _, r := range v.Reasons() {
				if said := words.Say(r.Key, r.Args...); said == r.Key || strings.ContainsAny(said, "{}") {
					t.Errorf("%+v: %s", r, said)
				}
			}
		}
	}
}

// A DNS that fails makes no mail worse than open, and what could decide is asked for again.
func TestSilence(t *testing.T) {
	m := world(t)
	for _, name := range []string{"far.example", "mx.far.example", "_dmarc.far.example", "k-rsa._domainkey.far.example", "k-ed25519._domainkey.far.example", "1.2.0.192.in-addr.arpa"} {
		m.Fail(name, "", dns.Timeout)
	}
	v := judge(t, from(t, m, sign(t, "far.example", letter)))
	if v.SPF.Result != TempError || v.Helo.Result != TempError || v.Reverse.Result != TempError || results(v) != "temperror temperror" || v.DMARC.Result != TempError || v.DMARC.Disposition != None {
		t.Errorf("%+v", v)
	}
	if _, yes := v.Defer(); !yes || !v.Temporary() {
		t.Error("it is not deferred")
	}
	// SPF alone is open, and nothing else says who it is from.
	m = world(t)
	m.Remove("_dmarc.far.example")
	m.Fail("far.example", "TXT", dns.Timeout)
	v = judge(t, from(t, m, letter))
	if _, yes := v.Defer(); !yes {
		t.Errorf("%+v", v)
	}
	v = judge(t, from(t, m, sign(t, "far.example", letter)))
	if reason, yes := v.Defer(); yes {
		t.Error(reason)
	}
}

// slow answers after a while, and counts.
type slow struct {
	dns.Resolver
	delay time.Duration
}

func (s slow) wait(ctx context.Context) {
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
	}
}

func (s slow) TXT(ctx context.Context, name string) (dns.Answer[string], error) {
	s.wait(ctx)
	return s.Resolver.TXT(ctx, name)
}

// The methods wait side by side, and no longer than their time.
func TestSideBySide(t *testing.T) {
	signed := sign(t, "far.example", letter)
	m := from(t, world(t), signed)
	resolver := m.Resolver
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			delay, most time.Duration
			result      string
		}{
			{time.Second, 3 * time.Second, Pass}, // SPF asks for "a" after its TXT
			{time.Hour, 20 * time.Second, TempError},
		} {
			m.Resolver = slow{resolver, c.delay}
			start := time.Now()
			v := judge(t, m)
			if took := time.Since(start); took > c.most || v.DMARC.Result != c.result {
				t.Errorf("%v: %v, %+v", c.delay, took, v.DMARC)
			}
		}
	})
}

func TestUnreadable(t *testing.T) {
	broken := io.NewSectionReader(brokenAt{}, 0, 100)
	if _, err := Check(t.Context(), Mail{Client: client, Body: broken, Resolver: world(t), Now: now}); !errors.Is(err, iotest.ErrTimeout) {
		t.Error(err)
	}
}

type brokenAt struct{}

func (brokenAt) ReadAt([]byte, int64) (int, error) { return 0, iotest.ErrTimeout }

// Whatever comes is judged, without holding it.
func FuzzCheck(f *testing.F) {
	m := world(f)
	f.Add("mx.far.example", "ana", "far.example", sign(f, "far.example", letter))
	f.Add("[192.0.2.1]", "", "", "From: a, b@c\r\nFrom:\r\n\r\n")
	f.Fuzz(func(t *testing.T, helo, local, domain, mail string) {
		v := judge(t, Mail{Client: client, Helo: helo, From: message.Address{Local: local, Domain: domain}, Body: reader(mail), Resolver: m, Now: now})
		checkReadable(t, v)
		v.Rows(message.Address{Local: local, Domain: domain}, now)
	})
}

// zeros is a large mail that is nowhere.
type zeros struct{ head string }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(z.head)) {
		n = copy(p, z.head[off:])
	}
	for i := n; i < len(p); i++ {
		p[i] = "0123456789 abc\r\n"[(off+int64(i))%16]
	}
	return len(p), nil
}

// A mail of 50 MB costs no more memory than one of 5 KB.
func TestLargeMail(t *testing.T) {
	m := from(t, world(t), "")
	m.Body = io.NewSectionReader(zeros{sign(t, "far.example", letter)}, 0, 50<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v := judge(t, m)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d octets", grown)
	}
	if results(v) != "fail fail" {
		t.Errorf("%+v", v.DKIM)
	}
}

// The bar: 3 ms of CPU and 512 KB with a junk filter beside it.
func BenchmarkCheck(b *testing.B) {
	m := world(b)
	body := strings.Repeat("The quick brown fox jumps over the lazy dog.\r\n", 50<<10/46)
	list := newSealer(b, m, "list.example")
	for name, mail := range map[string]string{
		"signed": sign(b, "far.example", letter+body),
		"sealed": list.seal(1, "none", "dmarc=pass", sign(b, "far.example", letter+body)),
	} {
		b.Run(name, func(b *testing.B) {
			in := from(b, m, mail)
			server := dnstest.Start(b, m)
			in.Resolver = dns.NewClient(dns.Options{Settings: func() dns.Settings { return dns.Settings{Server: server.Addr} }})
			b.ReportAllocs()
			var header []byte
			for b.Loop() {
				v, err := Check(b.Context(), in)
				if err != nil || v.DMARC.Result != Pass {
					b.Fatal(fmt.Sprint(v.DMARC), err)
				}
				header = v.AppendHeader(header[:0], "home.example")
			}
			if !bytes.Contains(header, []byte("dmarc=pass")) {
				b.Fatal(string(header))
			}
		})
	}
}
