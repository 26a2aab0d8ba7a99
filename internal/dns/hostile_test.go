package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	wire "github.com/miekg/dns"
)

// said is an asker that always says the same.
type said []byte

func (s said) ask(context.Context, question) (reply, time.Duration, bool, error) {
	r, err := readReply(s)
	if err != nil {
		return reply{}, 0, false, &Error{Err: ErrTemporary, Detail: err.Error()}
	}
	return r, 0, true, nil
}

// packed is the answer of a Map as octets.
func packed(t testing.TB, m *Map, name string, kind uint16) []byte {
	t.Helper()
	answer := m.Reply(new(wire.Msg).SetQuestion(name, kind))
	answer.Compress = true
	b, err := answer.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzAnswer: whatever a server says, what we make of it is bounded, and fit to be shown.
func FuzzAnswer(f *testing.F) {
	m := testMap()
	for _, q := range []question{
		{"example.org.", wire.TypeMX}, {"example.org.", wire.TypeTXT}, {"alias.example.", wire.TypeA},
		{"a.example.org.", wire.TypeAAAA}, {"_25._tcp.a.example.org.", wire.TypeTLSA}, {"one.example.", wire.TypeMX},
		{"1.2.0.192.in-addr.arpa.", wire.TypePTR}, {"nobody.example.", wire.TypeMX}, {"alias.example.", wire.TypeCNAME},
		{"dangling.example.", wire.TypeMX},
	} {
		f.Add(packed(f, m, q.name, q.kind))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(b)
		if err != nil {
			return
		}
		if h.answersTo(h.id, h.question) && h.questions > 1 {
			t.Error("two questions pass")
		}
		name := plain(h.question.name)
		l, ctx := lookups{said(b)}, t.Context()
		mx, err := l.MX(ctx, name)
		checkAnswer(t, mx, err)
		txt, err := l.TXT(ctx, name)
		if checkAnswer(t, txt, err); len(strings.Join(txt.Records, "")) > len(b) {
			t.Error("more text than there was")
		}
		tlsa, err := l.TLSA(ctx, name)
		checkAnswer(t, tlsa, err)
		alias, err := l.CNAME(ctx, name)
		checkAnswer(t, alias, err)
		addrs, err := l.Addresses(ctx, name)
		checkAnswer(t, addrs, err)
		ptr, err := lookup(ctx, l.asker, name, wire.TypePTR, func(rr *wire.PTR) (string, bool) { return plain(rr.Ptr), isHost(plain(rr.Ptr)) })
		checkAnswer(t, ptr, err)
		hosts := append(ptr.Records, alias.Records...)
		for _, m := range mx.Records {
			hosts = append(hosts, m.Host)
		}
		for _, host := range hosts { // what is logged has no line ends of strangers
			if strings.ContainsFunc(host, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q", host)
			}
		}
	})
}

// checkAnswer: records or an error of a kind that is known; never more than is kept.
func checkAnswer[T any](t *testing.T, a Answer[T], err error) {
	t.Helper()
	known := errors.Is(err, ErrNotFound) || errors.Is(err, ErrTemporary) || errors.Is(err, ErrName)
	if err != nil && !known || (err == nil) != (len(a.Records) > 0) || len(a.Records) > 2*maxRecords || a.TTL < 0 {
		t.Errorf("%d records, TTL %v, %v", len(a.Records), a.TTL, err)
	}
}

// FuzzPackets: what arrives at the port is an answer to the question or is as if it had not come.
func FuzzPackets(f *testing.F) {
	f.Add(packed(f, testMap(), "example.org.", wire.TypeMX), uint16(7), true)
	f.Add([]byte("\x00\x07\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00"), uint16(7), true)
	f.Fuzz(func(t *testing.T, b []byte, id uint16, stream bool) {
		q := question{"example.org.", wire.TypeMX}
		ours, theirs := net.Pipe()
		go func() {
			if stream {
				b = append([]byte{byte(len(b) >> 8), byte(len(b))}, b...)
			}
			_, _ = theirs.Write(b)
			_ = theirs.Close()
		}()
		read := readPackets
		if stream {
			read = readStream
		}
		got, err := read(ours, id, q)
		_ = ours.Close()
		if err != nil {
			return
		}
		if h, err := readHeader(got); err != nil || !h.answersTo(id, q) {
			t.Errorf("%q is taken for an answer", got)
		}
	})
}

// A message may name a long name in two octets, thousands of times.
func TestAnswerFullOfLongNames(t *testing.T) {
	long := strings.Repeat(strings.Repeat("\\255", 49)+".", 5)
	answer := new(wire.Msg).SetQuestion("example.org.", wire.TypeMX)
	answer.Response, answer.Compress = true, true
	for range 2000 {
		answer.Answer = append(answer.Answer, &wire.MX{
			Hdr: wire.RR_Header{Name: "example.org.", Rrtype: wire.TypeMX, Class: wire.ClassINET, Ttl: 1}, Mx: long,
		})
	}
	b, err := answer.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if a, err := (lookups{said(b)}).MX(t.Context(), "example.org"); err != nil || len(a.Records) != maxRecords {
		t.Errorf("%d records: %v", len(a.Records), err)
	}
}

func TestTTLBeyondReason(t *testing.T) {
	for seconds, want := range map[uint32]time.Duration{0: 0, 1: time.Second, 1<<31 - 1: (1<<31 - 1) * time.Second, 1 << 31: 0, 1<<32 - 1: 0} {
		if got := ttl(seconds); got != want { // RFC 2181 §8
			t.Errorf("%d: %v", seconds, got)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	check := func() {
		t.Helper()
		octets := 0
		for q, e := range c.answers {
			octets += e.octets(q)
		}
		if len(c.answers) > maxCached || c.octets > maxCachedOctets || octets != c.octets {
			t.Fatalf("%d answers, %d octets, counted %d", len(c.answers), octets, c.octets)
		}
	}
	put := func(name string, size int, life time.Duration) {
		c.put("a", question{name, 1}, make([]byte, size), life, now)
		if len(c.answers) > maxCached || c.octets > maxCachedOctets {
			t.Fatal("the cache grows")
		}
	}
	for i := range 3 * maxCached {
		put(fmt.Sprintf("n%d.", i), 40, time.Hour)
	}
	if len(c.answers) < maxCached/2 {
		t.Error("a full cache is nearly empty:", len(c.answers))
	}
	for i := range 500 {
		put(fmt.Sprintf("big%d.", i%300), 4<<10, time.Hour)
	}
	check()
	// What is past goes first.
	now = now.Add(2 * time.Hour)
	put("fresh.", 40, time.Hour)
	for i := range 200 {
		put(fmt.Sprintf("new%d.", i), 4<<10, time.Hour)
	}
	if _, _, ok := c.get("a", question{"big1.", 1}, now); ok {
		t.Error("an old answer is given")
	}
	// Neither too big nor of other servers.
	put("huge.", maxCachedAnswer, time.Hour)
	if _, _, ok := c.get("a", question{"huge.", 1}, now); ok {
		t.Error("a huge answer is kept")
	}
	put("x.", 1, time.Hour)
	if _, _, ok := c.get("b", question{"x.", 1}, now); ok {
		t.Error("the answer of another server is given")
	}
	c.put("b", question{"y.", 1}, nil, time.Hour, now)
	if check(); len(c.answers) != 1 {
		t.Error("answers of the servers before are kept")
	}
}
