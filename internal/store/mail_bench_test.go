package store

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"buzon/internal/uidset"
)

// benchMail is a plain message of about 10 KB whose text shrinks as real text does.
func benchMail(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Ana <ana@example.test>\r\nTo: Luis <luis@example.test>\r\nSubject: Number %d\r\n"+
		"Date: Sat, 21 Nov 2026 10:00:00 +0100\r\nMessage-ID: <%d.%d@example.test>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\n", n, n, time.Now().UnixNano())
	for i := 0; b.Len() < 10<<10; i++ {
		fmt.Fprintf(&b, "Line %d of the message says %x and %x.\r\n", i, i*n*7919, i*i*104729)
	}
	return b.String()
}

const benchPrefix = "Return-Path: <ana@example.test>\r\nReceived: from a by b\r\n"

// filled is a store with n messages in an INBOX, made without the cost of n messages.
func filled(b *testing.B, n int) (*Store, AccountID, MailboxID) {
	b.Helper()
	s, err := Open(context.Background(), filepath.Join(b.TempDir(), "mail.db"), Options{})
	check(b, err)
	b.Cleanup(func() { check(b, s.Close()) })
	acc, box := person(b, s, "bench", 0)
	if n == 0 {
		return s, acc, box
	}
	for i := range 100 {
		check(b, s.Accept(b.Context(), Incoming{Body: section(benchMail(i)), Prefix: []byte(benchPrefix), Deliver: []Delivery{{Account: acc}}}))
	}
	check(b, s.write(b.Context(), func(tx *tx) error {
		for have := 100; have < n; have *= 2 {
			more := min(have, n-have)
			for _, query := range []string{
				fmt.Sprintf(`INSERT INTO body SELECT id + %d, source, size, csize, codec, prefix, env, structure, preview, refs FROM body WHERE id <= %d`, have, more),
				fmt.Sprintf(`INSERT INTO chunk SELECT id + (%d << 20), data FROM chunk WHERE id < %d << 20`, have, more+1),
				fmt.Sprintf(`INSERT INTO msg SELECT mailbox, uid + %[1]d, body + %[1]d, modseq + %[1]d, flags, idate, savedate, size, thread + %[1]d FROM msg WHERE uid <= %[2]d`, have, more),
			} {
				if err := exec(tx.Conn, query); err != nil {
					return err
				}
			}
		}
		if err := exec(tx.Conn, `INSERT INTO mid(account, hash, thread) SELECT ?, random(), id FROM body`, acc); err != nil {
			return err
		}
		return exec(tx.Conn, `UPDATE mailbox SET uidnext = ?1 + 1, modseq = ?1 + 1, total = ?1, unseen = ?1, size = (SELECT sum(size) FROM msg)`, n)
	}))
	return s, acc, box
}

func perSecond(b *testing.B, n int) { b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msgs/s") }

// processor reports what an operation costs in processor time, which others on
// the machine disturb less. Call what it returns at the end.
func processor(b *testing.B) func() {
	start := used(b)
	return func() { b.ReportMetric(float64((used(b)-start).Microseconds())/float64(b.N), "cpu-µs/op") }
}

func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkAccept(b *testing.B) {
	for _, have := range []int{0, 100_000} {
		for _, clients := range []int{1, 10} {
			b.Run(fmt.Sprintf("have=%d/clients=%d", have, clients), func(b *testing.B) {
				s, acc, _ := filled(b, have)
				var mails []string
				for i := range 5000 {
					mails = append(mails, benchMail(i+1000))
				}
				var n atomic.Int64
				defer processor(b)()
				b.SetParallelism(max(1, clients/2)) // GOMAXPROCS is 2 here
				if clients == 1 {
					b.ResetTimer()
					for b.Loop() {
						benchAccept(b, s, acc, mails, n.Add(1))
					}
				} else {
					b.ResetTimer()
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							benchAccept(b, s, acc, mails, n.Add(1))
						}
					})
				}
				perSecond(b, int(n.Load()))
			})
		}
	}
}

func benchAccept(b *testing.B, s *Store, acc AccountID, mails []string, i int64) {
	// A suffix of its own makes every message another, as its id does in life.
	err := s.Accept(b.Context(), Incoming{
		Body: section(mails[i%int64(len(mails))]), Prefix: []byte(benchPrefix),
		Deliver: []Delivery{{Account: acc, Prefix: []byte("Delivered-To: bench@example.test\r\n")}},
	})
	if err != nil {
		b.Error(err)
	}
}

func BenchmarkAcceptMany(b *testing.B) { // one message to 50 accounts
	s, acc, _ := filled(b, 0)
	deliver := []Delivery{{Account: acc}}
	for i := range 49 {
		acc, _ := person(b, s, fmt.Sprint("p", i), 0)
		deliver = append(deliver, Delivery{Account: acc, Prefix: fmt.Appendf(nil, "Delivered-To: p%d\r\n", i)})
	}
	text := benchMail(1)
	for b.Loop() {
		check(b, s.Accept(b.Context(), Incoming{Body: section(text), Prefix: []byte(benchPrefix), Deliver: deliver}))
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, clients := range []int{1, 10} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s, _, box := filled(b, 0)
			text := benchMail(1)
			b.SetParallelism(clients / 2)
			defer processor(b)()
			if clients == 1 {
				for b.Loop() {
					_, err := s.Append(b.Context(), box, []Draft{{Body: section(text)}})
					check(b, err)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := s.Append(b.Context(), box, []Draft{{Body: section(text)}}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			perSecond(b, b.N)
		})
	}
}

func BenchmarkAppendLarge(b *testing.B) {
	s, _, box := filled(b, 0)
	const size = 20 << 20
	b.SetBytes(size)
	for b.Loop() {
		_, err := s.Append(b.Context(), box, []Draft{{Body: io.NewSectionReader(attachment(size), 0, size)}})
		check(b, err)
	}
}

func BenchmarkStoreFlags(b *testing.B) {
	s, _, box := filled(b, 100_000)
	flip := func(uids uidset.Set, i int) {
		_, err := s.StoreFlags(b.Context(), box, uids, FlagOp(1+i%2), []string{`\Seen`}, -1)
		check(b, err)
	}
	b.Run("one", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			flip(set(uint32(1+i/2%100_000)), i)
		}
	})
	b.Run("10000", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			flip(span(1, 10_000), i)
		}
	})
	b.Run("5000-scattered", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			flip(everySecond(10_000), i)
		}
	})
}

func everySecond(n uint32) uidset.Set {
	var b uidset.Builder
	for uid := uint32(1); uid <= n; uid += 2 {
		b.Add(uid)
	}
	return b.Set()
}

func BenchmarkCopy10k(b *testing.B) {
	s, acc, box := filled(b, 10_000)
	dst, err := s.CreateMailbox(b.Context(), acc, "dst", "")
	check(b, err)
	for b.Loop() {
		_, err := s.Copy(b.Context(), box, span(1, 10_000), dst.ID)
		check(b, err)
	}
}

func BenchmarkMove10k(b *testing.B) {
	s, acc, box := filled(b, 10_000)
	dst, err := s.CreateMailbox(b.Context(), acc, "dst", "")
	check(b, err)
	src, to := box, dst.ID
	for b.Loop() {
		_, err := s.Move(b.Context(), src, span(1, 1<<32-1), to)
		check(b, err)
		src, to = to, src
	}
}

func BenchmarkExpunge10k(b *testing.B) {
	s, acc, box := filled(b, 10_000)
	dst, err := s.CreateMailbox(b.Context(), acc, "dst", "")
	check(b, err)
	b.Run("shared", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			_, err := s.Copy(b.Context(), box, span(1, 10_000), dst.ID)
			check(b, err)
			b.StartTimer()
			_, err = s.Expunge(b.Context(), dst.ID, span(1, 1<<32-1), true)
			check(b, err)
		}
	})
	b.Run("last", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			s, _, box := filled(b, 10_000)
			b.StartTimer()
			_, err := s.Expunge(b.Context(), box, span(1, 1<<32-1), true)
			check(b, err)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	s, _, box := filled(b, 100_000)
	for _, bc := range []struct {
		name   string
		fields Fields
		uids   uidset.Set
		n      int
	}{
		{"flags", 0, span(1, 1<<32-1), 100_000},
		{"meta", WithMeta, span(1, 1<<32-1), 100_000},
		{"flags-scattered", 0, everySecond(100_000), 50_000},
		{"envelopes", WithEnvelope, span(1, 10_000), 10_000},
		{"envelopes-structures", WithMeta | WithEnvelope | WithStructure, span(1, 10_000), 10_000},
	} {
		b.Run(bc.name, func(b *testing.B) {
			buf := make([]Message, 0, 500)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = 0
				for from := uint32(0); ; {
					var err error
					buf, err = s.Page(b.Context(), box, bc.uids, from, 500, bc.fields, buf[:0])
					check(b, err)
					if len(buf) == 0 {
						break
					}
					n += len(buf)
					from = buf[len(buf)-1].UID + 1
				}
			}
			if n != bc.n {
				b.Errorf("%d messages", n)
			}
			perSecond(b, n*b.N)
		})
	}
}

func BenchmarkView(b *testing.B) {
	s, _, box := filled(b, 100_000)
	view := func() {
		v, err := s.View(b.Context(), box)
		check(b, err)
		if v.UIDs.Len() != 100_000 {
			b.Fatal(v.UIDs.Len())
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			s.views.drop(box)
			view()
		}
	})
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			view()
		}
	})
	b.Run("changed", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			_, err := s.StoreFlags(b.Context(), box, set(7), FlagOp(1+i%2), []string{`\Seen`}, -1)
			check(b, err)
			b.StartTimer()
			view()
		}
	})
}

func BenchmarkChanges(b *testing.B) {
	s, _, box := filled(b, 100_000)
	for b.Loop() {
		_, err := s.Changes(b.Context(), box, 99_901)
		check(b, err)
	}
}

// Coming back to 100,000 messages of which 100 changed costs what changed.
func BenchmarkSince(b *testing.B) {
	s, _, box := filled(b, 100_000)
	for b.Loop() {
		_, _, err := s.Since(b.Context(), box, 99_901, span(1, 100_000))
		check(b, err)
	}
}

func BenchmarkBody(b *testing.B) {
	s, _, _ := filled(b, 10_000)
	b.Run("10KB", func(b *testing.B) {
		b.ReportAllocs()
		defer processor(b)()
		for i := 0; b.Loop(); i++ {
			benchRead(b, s, BodyID(1+i%10_000))
		}
	})
	b.Run("10KB-parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				benchRead(b, s, BodyID(1+i%10_000))
			}
		})
	})
	const size = 20 << 20
	_, other := person(b, s, "large", 0)
	_, err := s.Append(b.Context(), other, []Draft{{Body: io.NewSectionReader(attachment(size), 0, size)}})
	check(b, err)
	page, err := s.Page(b.Context(), other, span(1, 1), 0, 1, WithMeta, nil)
	check(b, err)
	b.Run("20MB", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			benchRead(b, s, page[0].Body)
		}
	})
}

func benchRead(b *testing.B, s *Store, id BodyID) {
	r, err := s.Body(b.Context(), id)
	check(b, err)
	_, err = r.WriteTo(io.Discard)
	check(b, err)
	r.Release()
}

func BenchmarkRing(b *testing.B) {
	var s Store
	for range 1000 {
		s.Watch(1)
	}
	touched := map[MailboxID]AccountID{1: 1}
	for b.Loop() {
		s.ring(touched)
	}
}
