package store

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"buzon/internal/junk"
	"buzon/internal/message"
)

// fullFilter teaches the filter of an account until its table is full.
func fullFilter(t testing.TB, s *Store, acc AccountID) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		var records []junk.Record
		for range 16 {
			f := make(junk.Features, 0, 4000)
			for k := rng.Uint32N(1 << 21); len(f) < cap(f); k += 1 + rng.Uint32N(1<<21) {
				f = append(f, junk.Key(k))
			}
			records = append(records, junk.NewRecord(f, junk.Counts{Spam: int32(len(records) & 1), Ham: int32(^len(records) & 1)}))
		}
		check(t, s.writeLazy(t.Context(), func(tx *tx) error {
			m, err := junkModel(tx.Conn, acc)
			if err != nil {
				return err
			}
			for _, r := range records {
				if err := exec(tx.Conn, `INSERT INTO junk_record(account, data) VALUES(?, ?)`, acc, []byte(r)); err != nil {
					return err
				}
				m.records += int64(len(r))
			}
			m.learned.Spam += 200
			m.learned.Ham += 400
			return m.write(tx, acc)
		}))
		check(t, s.mergeJunk(t.Context(), acc))
	}
	status, err := s.JunkStatus(t.Context(), acc)
	check(t, err)
	if status.Octets < 900_000 || status.Octets > 2<<20 {
		t.Fatalf("the filter takes %d octets", status.Octets)
	}
}

// longLetter is a message of 50 KB.
func longLetter() string {
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	b.WriteString("From: Ana <ana@example.test>\r\nTo: bob@example.test\r\nSubject: a long letter\r\n\r\n")
	for b.Len() < 50_000 {
		fmt.Fprintf(&b, "word%d ", int(3000*rng.Float64()*rng.Float64()))
	}
	return b.String()
}

// The filter's share of judging a 50 KB message: parsed before, and its account's table full.
func BenchmarkJudgeJunk(b *testing.B) {
	s := openMail(b)
	acc, _ := person(b, s, "ana", 0)
	fullFilter(b, s, acc)
	letter := strings.NewReader(longLetter())
	parsed, err := message.Parse(letter, letter.Size())
	check(b, err)
	b.ReportAllocs()
	for b.Loop() {
		f, err := junk.Read(io.NewSectionReader(letter, 0, letter.Size()), &parsed.Root, 0)
		check(b, err)
		v, err := s.JudgeJunk(b.Context(), acc, f)
		check(b, err)
		if !v.Known {
			b.Fatal("no verdict")
		}
	}
}

// What learning a message writes, merges included, for an account whose table is full.
func BenchmarkLearnJunk(b *testing.B) {
	s := openMail(b)
	p := junkPerson(b, s, "ana")
	fullFilter(b, s, p.acc)
	rng := rand.New(rand.NewPCG(3, 3))
	var bodies []BodyID
	for i := range 64 {
		var text strings.Builder
		for range 300 {
			fmt.Fprintf(&text, "word%d ", rng.IntN(100_000))
		}
		uid := putSeen(b, s, p.work, mail(fmt.Sprint(i), text.String()))
		bodies = append(bodies, bodyOf(b, s, p.work, uid))
	}
	b.ReportAllocs()
	spam, n := false, 0
	for b.Loop() {
		check(b, s.learn(b.Context(), p.acc, []lesson{{body: bodies[n%len(bodies)], spam: spam}}))
		if n++; n%len(bodies) == 0 {
			spam = !spam
		}
	}
}
