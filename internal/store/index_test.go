package store

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/fold"
	"buzon/internal/uidset"
)

// words is text of n words, common ones and rare ones as in real text.
func words(r *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(" \n"[(r.IntN(12)+1)/12])
		}
		b.WriteString(word(int(r.ExpFloat64() * 400)))
	}
	return b.String()
}

// word is the nth word of a made-up language.
func word(n int) string {
	const consonants, vowels = "bcdfglmnprstv", "aeiou"
	var b strings.Builder
	for n += 7; n > 0; n /= 65 {
		b.WriteByte(consonants[n%13])
		b.WriteByte(vowels[n/13%5])
		if n%7 == 0 {
			b.WriteByte("nrs"[n%3])
		}
	}
	return b.String()
}

func indexMail(r *rand.Rand, i int) string {
	return fmt.Sprintf("From: %s <%s@example.test>\r\nTo: luis@example.test\r\nSubject: %s\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n"+
		"Message-ID: <%d.%d@example.test>\r\n\r\n%s\r\n", word(r.IntN(300)), word(r.IntN(300)), strings.ReplaceAll(words(r, 6), "\n", " "), i, r.Uint32(), words(r, 50+r.IntN(800)))
}

func needles(texts ...string) (list []Needle) {
	for _, text := range texts {
		list = append(list, Needle{Folded: string(fold.Append(nil, []byte(text))), Header: true, Body: true})
	}
	return list
}

func uidsOf(n uint32) uidset.Set { return uidset.Of(uidset.Range{Lo: 1, Hi: n}) }

func deliverMails(t testing.TB, s *Store, acc AccountID, mails ...string) {
	t.Helper()
	for _, mail := range mails {
		check(t, s.Accept(t.Context(), Incoming{Body: section(mail), Prefix: []byte("Return-Path: <x@y>\r\n"), Deliver: []Delivery{{Account: acc}}}))
	}
}

// Everything a needle is in is among its candidates, and of what a segment has little else.
func TestIndexCandidates(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	var mails []string
	for i := range 300 {
		mails = append(mails, indexMail(r, i))
	}
	deliverMails(t, s, acc, mails...)
	check(t, s.updateIndex(t.Context(), worthSegment, false))
	var texts []string
	for range 100 {
		mail := mails[r.IntN(len(mails))]
		at := r.IntN(len(mail) - 20)
		text, _, _ := strings.Cut(mail[at:at+3+r.IntN(12)], "\r")
		if len(text) >= MinNeedle && text[0] != '\n' { // a search looks into one field at a time
			texts = append(texts, text)
		}
	}
	list, indexed, err := s.Candidates(t.Context(), box, uidsOf(1000), needles(texts...))
	check(t, err)
	if indexed.Len() != 256 {
		t.Errorf("%d indexed", indexed.Len())
	}
	extra := 0
	for i, text := range texts {
		folded := strings.ToUpper(text)
		for n, mail := range mails[:256] {
			head, body, _ := strings.Cut(strings.ToUpper(mail), "\r\n\r\n")
			uid := uint32(n + 1)
			if strings.Contains(head, folded) && !list[i].Header.Has(uid) || strings.Contains(body, folded) && !list[i].Body.Has(uid) {
				t.Fatalf("seed %d: %q is in message %d, the index says no", seed, text, uid)
			}
			if list[i].Body.Has(uid) && !strings.Contains(body, folded) {
				extra++
			}
		}
	}
	t.Logf("%d candidates too many in %d lookups", extra, len(texts)*256)
}

// What came later, and what is too long, is not in the index; the header and the body are told apart.
func TestIndexKnowsWhatItHas(t *testing.T) {
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 1<<20)
	for i := range random {
		random[i] = byte(33 + r.IntN(90))
	}
	long := "Subject: long\r\n\r\n"
	for i := 0; i < len(random); i += 70 {
		long += string(random[i:min(i+70, len(random))]) + "\r\n"
	}
	deliverMails(t, s, acc, "Subject: headword\r\n\r\nbodyword\r\n", long, "Subject: x\r\nbroken\x00\r\n\r\nheadword\r\n")
	check(t, s.UpdateIndex(t.Context()))
	deliverMails(t, s, acc, "Subject: later\r\n\r\nbodyword\r\n")
	list, indexed, err := s.Candidates(t.Context(), box, uidsOf(9), needles("headword", "bodyword", "nothing"))
	check(t, err)
	got := fmt.Sprint(indexed.Ranges(), list[0].Header.Ranges(), list[0].Body.Ranges(), list[1].Header.Ranges(), list[1].Body.Ranges(), list[2].Body.Ranges())
	if want := "[{1 1} {3 3}] [{1 1}] [{3 3}] [] [{1 1}] []"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	status, err := s.IndexStatus(t.Context())
	check(t, err)
	if !status.On || status.Indexed != 2 || status.Skipped != 1 || status.Waiting != 1 || status.Octets == 0 {
		t.Errorf("got %+v", status)
	}
}

// Segments go with their bodies, small ones are joined, and what is left is still found.
func TestIndexTidy(t *testing.T) {
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	for i := range 40 {
		deliverMails(t, s, acc, fmt.Sprintf("Subject: head%03d\r\n\r\nbody%03d\r\n", i, i))
		if i%10 == 9 {
			check(t, s.UpdateIndex(t.Context()))
		}
	}
	gone := uidset.Of(uidset.Range{Lo: 1, Hi: 10}, uidset.Range{Lo: 13, Hi: 19})
	_, err := s.Expunge(t.Context(), box, gone, true)
	check(t, err)
	check(t, s.Care(t.Context()))
	if n := count(t, s, "SELECT count(*) FROM text_segment"); n != 1 {
		t.Errorf("%d segments", n)
	}
	if n := count(t, s, "SELECT count(DISTINCT id >> 24) FROM text_block"); n != 1 {
		t.Errorf("blocks of %d segments", n)
	}
	for i := range 40 {
		list, indexed, err := s.Candidates(t.Context(), box, uidsOf(99), needles(fmt.Sprintf("head%03d", i), fmt.Sprintf("body%03d", i)))
		check(t, err)
		want := uidset.Of(uidset.Range{Lo: uint32(i + 1), Hi: uint32(i + 1)}).AndNot(gone)
		if indexed.Len() != 23 || list[0].Header.AndNot(want).Len()+want.AndNot(list[0].Header).Len()+want.AndNot(list[1].Body).Len() != 0 {
			t.Errorf("%d: %v, %v, %v", i, indexed.Ranges(), list[0].Header.Ranges(), list[1].Body.Ranges())
		}
	}
	_, err = s.Expunge(t.Context(), box, uidsOf(99), true)
	check(t, err)
	check(t, s.Care(t.Context()))
	if n := count(t, s, "SELECT (SELECT count(*) FROM text_segment) + (SELECT count(*) FROM text_block)"); n != 0 {
		t.Errorf("%d rows left", n)
	}
}

// Switching off removes all of it, switching on makes it again, and so does dropping.
func TestIndexSwitch(t *testing.T) {
	s := newStore(t)
	acc, _ := person(t, s, "ana", 0)
	deliverMails(t, s, acc, "Subject: a\r\n\r\nword\r\n", "Subject: b\r\n\r\nword\r\n")
	rows := func() int64 {
		return count(t, s, "SELECT (SELECT count(*) FROM text_segment) + (SELECT count(*) FROM text_block)")
	}
	update := func(some bool) {
		t.Helper()
		check(t, s.UpdateIndex(t.Context()))
		if n := rows(); (n > 0) != some {
			t.Errorf("%d rows", n)
		}
	}
	update(true)
	check(t, s.Set(t.Context(), "search.index", "no"))
	update(false)
	check(t, s.Unset(t.Context(), "search.index"))
	update(true)
	check(t, s.DropIndex(t.Context()))
	status, err := s.IndexStatus(t.Context())
	check(t, err)
	if status.Indexed != 0 || status.Waiting != 2 {
		t.Errorf("got %+v", status)
	}
	update(true)
	if n := count(t, s, "SELECT count(DISTINCT id >> 24) FROM text_block"); n != 1 {
		t.Errorf("blocks of %d segments", n)
	}
}

// A segment is written whole or not at all, and by one of two processes.
func TestIndexRace(t *testing.T) {
	s := newStore(t)
	other := openStore(t, s.path)
	acc, _ := person(t, s, "ana", 0)
	deliverMails(t, s, acc, "Subject: a\r\n\r\nword\r\n", "Subject: b\r\n\r\nword\r\n")
	m := newSegmentMaker()
	from, waiting, err := s.notIndexed(t.Context())
	check(t, err)
	check(t, s.fillSegment(t.Context(), m, waiting, false))
	check(t, other.UpdateIndex(t.Context()))
	check(t, s.keepSegment(t.Context(), m, from))
	if n := count(t, s, "SELECT count(*) FROM text_segment"); n != 1 {
		t.Errorf("%d segments", n)
	}
}

// A body that is being staged has an old number: it is not passed by.
func TestIndexWaitsForStaged(t *testing.T) {
	s := newStore(t)
	acc, _ := person(t, s, "ana", 0)
	check(t, s.write(t.Context(), func(tx *tx) error { return run(tx.Conn, "INSERT INTO staging(body) VALUES(1)") }))
	deliverMails(t, s, acc, "Subject: a\r\n\r\nword\r\n")
	check(t, s.write(t.Context(), func(tx *tx) error { return run(tx.Conn, "UPDATE body SET id = 2") }))
	check(t, s.UpdateIndex(t.Context()))
	if n := count(t, s, "SELECT count(*) FROM text_segment"); n != 0 {
		t.Errorf("%d segments", n)
	}
}

// The goroutine does it by itself, once it is quiet.
func TestIndexByItself(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for quiet")
	}
	s := newStore(t)
	acc, _ := person(t, s, "ana", 0)
	for i := range worthSegment {
		deliverMails(t, s, acc, fmt.Sprintf("Subject: a%d\r\n\r\nword\r\n", i))
	}
	if n := count(t, s, "SELECT count(*) FROM text_segment"); n != 0 {
		t.Error("it did not wait for quiet")
	}
	for end := time.Now().Add(10 * quiet); count(t, s, "SELECT count(*) FROM text_segment") == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing happened")
		}
	}
}

// What appendDocs writes findDocs reads, of any number of documents.
func TestIndexBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 50 {
		var all []posting
		for range 1 + r.IntN(4000) {
			all = append(all, posting(r.IntN(1<<(4+r.IntN(20))))<<8|posting(r.IntN(1<<(1+round%8))))
		}
		all = uniqueSorted(all)
		e := encodeBlocks(all)
		want := make(map[trigram]docs)
		for _, p := range all {
			d := want[p.trigram()]
			d.add(int(byte(p)))
			want[p.trigram()] = d
		}
		find := func(x trigram) docs {
			i, _ := slices.BinarySearchFunc(e.list, x, func(b block, x trigram) int { return int(b.first) - int(x) - 1 })
			if i--; i < 0 {
				return docs{}
			}
			start := 0
			if i > 0 {
				start = e.list[i-1].end
			}
			d, ok := findDocs(e.data[start:e.list[i].end], e.list[i].first, x)
			if !ok {
				t.Fatal("damaged")
			}
			return d
		}
		for x, d := range want {
			if find(x) != d {
				t.Fatalf("round %d: %06x is not what it was", round, x)
			}
		}
		for range 100 {
			if x := trigram(r.IntN(1 << 24)); find(x) != want[x] {
				t.Fatalf("round %d: %06x is found", round, x)
			}
		}
	}
}

// A damaged block says "maybe", and never more than its length.
func FuzzIndexBlock(f *testing.F) {
	e := encodeBlocks([]posting{0x41424300, 0x41424301, 0x42424307})
	f.Add(e.data, uint32(0x414243))
	f.Add([]byte{0, 0, 255, 255, 255, 255, 1}, uint32(7))
	f.Fuzz(func(_ *testing.T, b []byte, x uint32) {
		findDocs(b, trigram(x/2), trigram(x))
		readIDs(nil, b)
	})
}

// Making the index stays within its memory, whatever the messages.
func TestIndexMemory(t *testing.T) {
	s := newStore(t)
	acc, _ := person(t, s, "ana", 0)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 3 * segmentBodies {
		deliverMails(t, s, acc, indexMail(r, i))
	}
	deliverMails(t, s, acc, "Subject: huge\r\n\r\n"+strings.Repeat(words(r, 5000)+"\r\n", 200))
	check(t, s.UpdateIndex(t.Context())) // fills the pools that every reader uses
	check(t, s.DropIndex(t.Context()))
	runtime.GC()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	check(t, s.updateIndex(t.Context(), 1, false))
	runtime.ReadMemStats(&after)
	t.Logf("%d KB allocated in all", (after.TotalAlloc-before.TotalAlloc)>>10)
	runtime.GC()
	runtime.GC() // what pools hold goes the second time
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 256<<10 {
		t.Errorf("%d octets kept", kept)
	}
}

// written is what this process wrote, by its system calls.
func written(t testing.TB) (n int64) {
	b, err := os.ReadFile("/proc/self/io")
	check(t, err)
	_, after, _ := bytes.Cut(b, []byte("wchar: "))
	_, err = fmt.Sscan(string(after), &n)
	check(t, err)
	return n
}

// indexBench is a store with n messages of about 3 KB, every one another.
func indexBench(b *testing.B, n int) (s *Store, box MailboxID, text int64) {
	s = newStore(b)
	acc, box := person(b, s, "ana", 0)
	r := rand.New(rand.NewPCG(7, 8))
	for done := 0; done < n; done += 500 {
		var drafts []Draft
		for i := done; i < min(done+500, n); i++ {
			mail := indexMail(r, i)
			text += int64(len(mail))
			drafts = append(drafts, Draft{Body: section(mail)})
		}
		_, err := s.Append(b.Context(), box, drafts)
		check(b, err)
	}
	_ = acc
	return s, box, text
}

// What making the index costs, in time and on the card.
func BenchmarkIndexMake(b *testing.B) {
	const n = 2560
	s, _, text := indexBench(b, n)
	b.ResetTimer()
	before := written(b)
	for range b.N {
		check(b, s.DropIndex(context.Background()))
		check(b, s.updateIndex(context.Background(), worthSegment, false))
	}
	per := float64(b.N) * n
	b.ReportMetric(float64(written(b)-before)/per, "octets-written/msg")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/per, "µs/msg")
	status, err := s.IndexStatus(context.Background())
	check(b, err)
	b.ReportMetric(float64(status.Octets)/float64(text), "of-text")
}

// What looking a text up costs; BenchmarkSearch in package main has whole searches.
func BenchmarkIndexLookup(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		s, box, _ := indexBench(b, n)
		check(b, s.updateIndex(context.Background(), worthSegment, false))
		for _, text := range []string{word(40), word(1500) + " " + word(300), "nosuchthing"} {
			b.Run(fmt.Sprintf("%d/%s", n, strings.ReplaceAll(text, " ", "_")), func(b *testing.B) {
				var list []Candidates
				for range b.N {
					var err error
					list, _, err = s.Candidates(context.Background(), box, uidsOf(uint32(n)), needles(text))
					check(b, err)
				}
				b.ReportMetric(float64(list[0].Body.Len()), "candidates")
			})
		}
	}
}

// What is kept of a mailbox's bodies is what its rows say, however it grew.
func TestIndexPlaces(t *testing.T) {
	s := newStore(t)
	r := rand.New(rand.NewPCG(9, 9))
	want := make(map[uint32]BodyID)
	uid, body, p := uint32(0), int64(50), places{box: 7}
	for round := range 60 {
		check(t, s.write(t.Context(), func(tx *tx) error {
			for range r.IntN(20) {
				uid += 1 + uint32(max(r.IntN(12)-8, 0))
				body += 1 + int64(max(r.IntN(12)-9, 0)-max(r.IntN(12)-9, 0)*5)
				want[uid] = BodyID(body)
				if err := run(tx.Conn, "INSERT INTO msg VALUES(7, ?, ?, 1, 0, 0, 0, 0, 0)", int64(uid), body); err != nil {
					return err
				}
			}
			return nil
		}))
		check(t, s.read(t.Context(), func(c *sqlite.Conn) (err error) {
			p, err = p.grown(c)
			return err
		}))
		var ask uidset.Builder
		from, sum := uint32(r.IntN(int(uid)+1)), 0
		for u := uint32(1); u <= uid+3; u++ {
			if r.IntN(3) > 0 {
				ask.Add(u)
				if _, ok := want[u]; ok && u >= from {
					sum++
				}
			}
		}
		p.each(ask.Set(), from, func(r placeRun) bool {
			for i := range r.n {
				sum--
				if u, b := r.uid+i, r.body+BodyID(i); want[u] != b || u < from {
					t.Errorf("round %d: message %d has body %d, want %d", round, u, b, want[u])
				}
			}
			return true
		})
		if sum != 0 {
			t.Fatalf("round %d: %d messages missing", round, sum)
		}
	}
}
