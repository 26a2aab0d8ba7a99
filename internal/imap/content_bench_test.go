package imap

import (
	"bufio"
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"buzon/internal/uidset"
)

// benchBox has n messages in a row that share a hundred mails: what it costs
// here is what FETCH and SEARCH cost without a store.
type benchBox struct {
	Box
	n     int
	mails []benchMail
}

type benchMail struct {
	body                      string
	envelope, structure, refs []byte
}

func newBenchBox(b testing.TB, n int) *benchBox {
	box := &benchBox{n: n, mails: make([]benchMail, 100)}
	for i := range box.mails {
		body := contentMail(i)
		s := parse(b, body)
		box.mails[i] = benchMail{body, s.Envelope.AppendBinary(nil), s.Root.AppendBinary(nil), s.AppendThreadIDs([]byte{})}
	}
	return box
}

func (x *benchBox) Keywords(context.Context) ([]string, error) { return []string{"$Junk"}, nil }

func (x *benchBox) Since(context.Context, int64, uidset.Set) (changed, vanished uidset.Set, err error) {
	return uidset.Set{}, uidset.Set{}, nil
}

// Candidates knows nothing: what is measured is the search itself.
func (x *benchBox) Candidates(context.Context, uidset.Set, []Lookup) ([]Candidates, uidset.Set, error) {
	return nil, uidset.Set{}, nil
}
func (x *benchBox) Changes(context.Context, int64) (Changes, error) { return Changes{}, nil }

func (x *benchBox) Page(_ context.Context, u uidset.Set, from uint32, limit int, _ Fields, buf []Message) ([]Message, error) {
	for _, r := range u.Ranges() {
		for uid := max(r.Lo, from); uid <= r.Hi && limit > 0; uid, limit = uid+1, limit-1 {
			m := &x.mails[int(uid)%len(x.mails)]
			buf = append(buf, Message{
				UID: uid, Flags: Flags(uid) & 0x103, Received: time.Unix(1_790_000_000+int64(uid), 0).UTC(),
				Size: int64(len(m.body)), Body: int64(uid), Envelope: m.envelope, Structure: m.structure, References: m.refs,
			})
		}
	}
	return buf, nil
}

func (x *benchBox) Body(_ context.Context, id int64) (Body, error) {
	return benchBody{strings.NewReader(x.mails[int(id)%len(x.mails)].body)}, nil
}

type benchBody struct{ *strings.Reader }

func (benchBody) Release() {}

func benchSession(b testing.TB, n int) *session {
	s := viewOf(uidset.Of(uidset.Range{Lo: 1, Hi: uint32(n)}))
	s.box, s.state, s.readOnly, s.recentFrom = newBenchBox(b, n), selected, true, ^uint32(0)
	s.keywords = []string{"$Junk"}
	return s
}

// octets counts what is written, and in how many writes.
type octets struct{ n, writes int64 }

func (o *octets) Write(p []byte) (int, error) {
	o.n += int64(len(p))
	o.writes++
	return len(p), nil
}

// run runs one command and tells what it wrote.
func runBench(b *testing.B, s *session, run func(string, bool) error, args string) octets {
	var out octets
	s.enc = &encoder{w: bufio.NewWriterSize(&out, writeBuffer)}
	s.dec = readFrom(" " + args + "\r\n")
	s.command = &command{}
	if err := run("a", true); err != nil {
		b.Fatal(err)
	}
	if err := s.enc.Flush(); err != nil {
		b.Fatal(err)
	}
	return out
}

func BenchmarkFetch(b *testing.B) {
	for _, c := range []struct {
		name, items string
		n           int
	}{
		{"flags100k", "FLAGS", 100_000},
		{"envelope+structure10k", "(ENVELOPE BODYSTRUCTURE)", 10_000},
		{"fields10k", "(FLAGS BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE MESSAGE-ID REFERENCES)])", 10_000},
		{"header10k", "BODY.PEEK[HEADER]", 10_000},
		{"part10k", "BODY.PEEK[1]", 10_000},
		{"body10k", "BODY.PEEK[]", 10_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := benchSession(b, c.n)
			b.ReportAllocs()
			var out octets
			for b.Loop() {
				out = runBench(b, s, s.fetch, "1:* "+c.items)
			}
			b.SetBytes(out.n)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.n), "ns/message")
			b.ReportMetric(float64(out.n/out.writes), "B/write")
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, c := range []struct{ name, keys string }{
		{"flags", "UNSEEN KEYWORD $Junk"},
		{"date", "SINCE 1-Oct-2026"},
		{"subject", "SUBJECT needle"},
		{"from", "FROM needle"},
		{"header", "HEADER List-Id needle"},
		{"text", "TEXT no-such-needle"},
		{"textUTF8", `TEXT "nädel"`},
	} {
		b.Run(c.name+"10k", func(b *testing.B) {
			s := benchSession(b, 10_000)
			b.ReportAllocs()
			for b.Loop() {
				runBench(b, s, s.search, c.keys)
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	for name, text := range map[string]string{"ascii": "Lorem ipsum dolor sit amet. ", "greek": "Λορεμ ιπσυμ δολορ σιτ αμετ. "} {
		b.Run(name, func(b *testing.B) {
			hay := []byte(strings.Repeat(text, 1<<20/len(text)))
			b.SetBytes(int64(len(hay)))
			s := newScanner(context.Background(), []needle{newNeedle("no such thing")})
			for b.Loop() {
				h := s.newHits()
				if err := s.reader(bytes.NewReader(hay), &h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
