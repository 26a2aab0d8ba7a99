package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"buzon/internal/uidset"
)

func TestParseFlags(t *testing.T) {
	for _, tc := range []struct {
		in       []string
		system   Flags
		keywords []string
		err      error
	}{
		{[]string{`\Seen`, `\ANSWERED`, `\draft`}, Seen | Answered | Draft_, nil, nil},
		{[]string{`\Flagged`, `\Deleted`, "$Junk", "a-b_c.d"}, Flagged | Deleted, []string{"$Junk", "a-b_c.d"}, nil},
		// RFC 3501 §2.3.2: \Recent cannot be set; other system flags are not invented.
		{[]string{`\Recent`}, 0, nil, ErrBadName},
		{[]string{`\Foo`}, 0, nil, ErrBadName},
		// A keyword is an atom.
		{[]string{""}, 0, nil, ErrBadName},
		{[]string{"a b"}, 0, nil, ErrBadName},
		{[]string{"a]"}, 0, nil, ErrBadName},
		{[]string{"ñ"}, 0, nil, ErrBadName},
		{[]string{strings.Repeat("k", maxKeyword+1)}, 0, nil, ErrBadName},
	} {
		got, err := parseFlags(tc.in)
		wantErr(t, err, tc.err)
		if err == nil && (got.system != tc.system || !slices.Equal(got.keywords, tc.keywords)) {
			t.Errorf("%q: %+v", tc.in, got)
		}
	}
}

func TestStoreFlags(t *testing.T) {
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	put(t, s, box, 5)
	all := span(1, 5)
	store := func(uids uidset.Set, op FlagOp, since int64, flags ...string) uidset.Set {
		t.Helper()
		stored, err := s.StoreFlags(t.Context(), box, uids, op, flags, since)
		check(t, err)
		return stored.Modified
	}
	modSeq := func() int64 {
		m, err := s.MailboxByID(t.Context(), box)
		check(t, err)
		return m.ModSeq
	}
	store(all, FlagsAdd, -1, `\Seen`, "Work")
	before := modSeq()
	// What has the flags already is not written, also with a keyword in another case.
	store(all, FlagsAdd, -1, `\Seen`, "WORK")
	store(all, FlagsRemove, -1, `\Flagged`, "unknown")
	if got := modSeq(); got != before {
		t.Errorf("modseq rose from %d to %d", before, got)
	}
	names, err := s.Keywords(t.Context(), box)
	check(t, err)
	if fmt.Sprint(names) != "[Work]" {
		t.Errorf("keywords %v", names)
	}
	// RFC 7162 §3.1.3: what changed since is refused, the rest done.
	store(set(2, 4), FlagsAdd, -1, `\Flagged`)
	if refused := store(all, FlagsReplace, before, `\Deleted`); !sameSet(refused, set(2, 4)) {
		t.Errorf("refused %v", refused.Ranges())
	}
	// Fetched has no name and survives a replacement.
	check(t, s.MarkFetched(t.Context(), box, set(1)))
	store(all, FlagsReplace, -1, `\Draft`)
	for _, m := range list(t, s, box, 0) {
		if want := Draft_ | map[bool]Flags{true: Fetched}[m.UID == 1]; m.Flags != want {
			t.Errorf("UID %d: %b", m.UID, m.Flags)
		}
	}
	sound(t, s)
	_, err = s.StoreFlags(t.Context(), box, all, FlagsAdd, []string{`\Foo`}, -1)
	wantErr(t, err, ErrBadName)
	_, err = s.StoreFlags(t.Context(), 99, all, FlagsAdd, []string{`\Seen`}, -1)
	wantErr(t, err, ErrNoMailbox)
}

func TestKeywordsFull(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	put(t, s, box, 1)
	var names []string
	for i := range maxKeywords {
		names = append(names, fmt.Sprint("k", i))
	}
	_, err := s.StoreFlags(t.Context(), box, set(1), FlagsAdd, names, -1)
	check(t, err)
	_, err = s.StoreFlags(t.Context(), box, set(1), FlagsAdd, []string{`\Seen`, "one-more"}, -1)
	wantErr(t, err, ErrKeywordsFull)
	m := list(t, s, box, 0)[0]
	if m.Flags != keywordMask { // nothing of the refused store, and the sign bit is free
		t.Errorf("flags %b", m.Flags)
	}
	// All of them travel, to other bits.
	dst, err := s.CreateMailbox(t.Context(), acc, "dst", "")
	check(t, err)
	put(t, s, dst.ID, 1, "k54", "K7")
	_, err = s.Copy(t.Context(), box, set(1), dst.ID)
	check(t, err)
	there, err := s.Keywords(t.Context(), dst.ID)
	check(t, err)
	if m := list(t, s, dst.ID, 0)[1]; m.Flags != keywordMask || len(there) != maxKeywords || there[0] != "k54" || there[1] != "K7" {
		t.Errorf("flags %b, keywords %v", m.Flags, there)
	}
	put(t, s, dst.ID, 1)
	check(t, s.DeleteMailbox(t.Context(), acc, "dst"))
	check(t, s.Care(t.Context()))
	if n := count(t, s, `SELECT count(*) FROM keyword`); n != maxKeywords {
		t.Errorf("%d keywords left", n)
	}
	sound(t, s)
}

func TestCopyAndMove(t *testing.T) {
	s := openMail(t)
	acc, src := person(t, s, "p", 0)
	other, foreign := person(t, s, "o", 0)
	_ = other
	put(t, s, src, 10, `\Seen`, "a", "b")
	check(t, s.MarkFetched(t.Context(), src, set(2)))
	box, err := s.CreateMailbox(t.Context(), acc, "dst", "")
	check(t, err)
	put(t, s, box.ID, 1, "b")
	before := list(t, s, src, WithMeta)

	// Those gone are skipped; pairs are in order.
	_, err = s.Expunge(t.Context(), src, set(3), true)
	check(t, err)
	got, err := s.Copy(t.Context(), src, uidset.Of(uidset.Range{Lo: 2, Hi: 4}, uidset.Range{Lo: 9, Hi: 99}), box.ID)
	check(t, err)
	if !sameSet(got.From, set(2, 4, 9, 10)) || !sameSet(got.To, span(2, 5)) || got.UIDValidity != box.UIDValidity {
		t.Fatalf("%+v", got)
	}
	names, err := s.Keywords(t.Context(), box.ID)
	check(t, err)
	copies := list(t, s, box.ID, WithMeta)[1:]
	for i, m := range copies {
		old := before[[]int{1, 3, 8, 9}[i]]
		if flagText(m.Flags, names) != `\Seen a b` || m.Flags&Fetched != 0 || m.Body != old.Body || m.Thread != old.Thread || !m.Received.Equal(old.Received) {
			t.Errorf("copy %+v of %+v", m, old)
		}
	}
	moved, err := s.Move(t.Context(), box.ID, set(3, 5), src)
	check(t, err)
	if !sameSet(moved.To, span(11, 12)) {
		t.Fatalf("%+v", moved)
	}
	ch, err := s.Changes(t.Context(), box.ID, copies[0].ModSeq)
	check(t, err)
	if !sameSet(ch.Vanished, set(3, 5)) || len(ch.Changed) != 0 {
		t.Errorf("%+v", ch)
	}
	// Nothing to do is no error and no change.
	none, err := s.Move(t.Context(), box.ID, span(50, 60), src)
	check(t, err)
	if none.From.Len() != 0 || none.UIDValidity == 0 {
		t.Errorf("%+v", none)
	}
	_, err = s.Copy(t.Context(), src, span(1, 9), foreign)
	wantErr(t, err, ErrNoMailbox)
	_, err = s.Copy(t.Context(), src, span(1, 9), 99)
	wantErr(t, err, ErrNoMailbox)
	sound(t, s)
}

func TestPage(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	put(t, s, box, 50)
	_, err := s.Expunge(t.Context(), box, span(20, 22), true)
	check(t, err)
	scattered := uidset.Of(uidset.Range{Lo: 1, Hi: 2}, uidset.Range{Lo: 4, Hi: 4}, uidset.Range{Lo: 18, Hi: 25}, uidset.Range{Lo: 48, Hi: 1<<32 - 1})
	for _, f := range []Fields{0, WithMeta, WithEnvelope, WithStructure, WithMeta | WithEnvelope | WithStructure} {
		var got []uint32
		buf := make([]Message, 0, 3)
		for from := uint32(0); ; {
			buf, err = s.Page(t.Context(), box, scattered, from, 3, f, buf[:0])
			check(t, err)
			if len(buf) == 0 {
				break
			}
			for _, m := range buf {
				got = append(got, m.UID)
				if (m.Envelope != nil) != (f&WithEnvelope != 0) || (m.Structure != nil) != (f&WithStructure != 0) || (m.Body != 0) != (f != 0) {
					t.Errorf("fields %b: %+v", f, m)
				}
				if m.Envelope != nil {
					checkEnvelope(t, s, m)
				}
			}
			from = buf[len(buf)-1].UID + 1
		}
		if fmt.Sprint(got) != "[1 2 4 18 19 23 24 25 48 49 50]" {
			t.Errorf("fields %b: %v", f, got)
		}
	}
	// It appends, and the arena of what stands before is left alone.
	front, err := s.Page(t.Context(), box, span(1, 3), 0, 9, WithEnvelope, nil)
	check(t, err)
	both, err := s.Page(t.Context(), box, span(4, 6), 0, 9, WithEnvelope, slices.Grow(front, 9))
	check(t, err)
	if len(both) != 6 || both[5].UID != 6 {
		t.Fatalf("%d messages", len(both))
	}
	for _, m := range both {
		checkEnvelope(t, s, m)
	}
	check(t, s.RenameMailbox(t.Context(), acc, inbox, "elsewhere"))
	if left := list(t, s, box, 0); len(left) != 0 {
		t.Errorf("%d left", len(left))
	}
}

// checkEnvelope compares a paged envelope with the row's own.
func checkEnvelope(t *testing.T, s *Store, m Message) {
	t.Helper()
	if n := count(t, s, `SELECT count(*) FROM body WHERE id = ? AND env = ?`, m.Body, m.Envelope); n != 1 {
		t.Errorf("UID %d has a foreign envelope %q", m.UID, m.Envelope)
	}
}

func TestPageAllocations(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	put(t, s, box, 200)
	buf := make([]Message, 0, 200)
	all := span(1, 1<<32-1)
	got := testing.AllocsPerRun(20, func() {
		var err error
		if buf, err = s.Page(t.Context(), box, all, 0, 200, WithMeta|WithEnvelope|WithStructure, buf[:0]); err != nil || len(buf) != 200 {
			t.Fatal(err, len(buf))
		}
	})
	if got > 20 {
		t.Errorf("%.0f allocations for a page of 200", got)
	}
}

func TestChanges(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	put(t, s, box, 3)
	start, err := s.Changes(t.Context(), box, 0)
	check(t, err)
	if len(start.Changed) != 3 || start.UIDNext != 4 || start.ModSeq != 2 {
		t.Errorf("%+v", start)
	}
	// A message that came and went is only vanished.
	put(t, s, box, 1)
	_, err = s.Expunge(t.Context(), box, set(4), true)
	check(t, err)
	_, err = s.StoreFlags(t.Context(), box, set(2), FlagsAdd, []string{`\Seen`}, -1)
	check(t, err)
	ch, err := s.Changes(t.Context(), box, start.ModSeq)
	check(t, err)
	if len(ch.Changed) != 1 || ch.Changed[0].UID != 2 || ch.Changed[0].Flags != Seen || !sameSet(ch.Vanished, set(4)) || ch.UIDNext != 5 {
		t.Errorf("%+v", ch)
	}
	check(t, s.RenameMailbox(t.Context(), acc, inbox, "old"))
	old, err := s.Mailbox(t.Context(), acc, "old")
	check(t, err)
	check(t, s.DeleteMailbox(t.Context(), acc, "old"))
	ch, err = s.Changes(t.Context(), old.ID, 0)
	check(t, err)
	if !ch.Gone {
		t.Errorf("%+v", ch)
	}
}

func TestView(t *testing.T) {
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	put(t, s, box, 10)
	for range 2 {
		v, err := s.View(t.Context(), box)
		check(t, err)
		if !sameSet(v.UIDs, span(1, 10)) || v.Total != 10 || v.Name != inbox {
			t.Errorf("%+v", v)
		}
	}
	_, err := s.View(t.Context(), 99)
	wantErr(t, err, ErrNoMailbox)

	// The cache forgets what was not used for longest, and keeps no older view over a newer.
	var c viewCache
	many := func(n int) keptView {
		var b uidset.Builder
		for i := range n {
			b.Add(uint32(2*i + 1))
		}
		return keptView{b.Set(), 5}
	}
	c.put(1, many(maxViews/2))
	c.put(2, many(maxViews/4))
	c.get(1)
	c.put(3, many(maxViews/4))
	_, one := c.get(1)
	_, two := c.get(2)
	_, three := c.get(3)
	if !one || two || !three || c.cost > maxViews {
		t.Error(one, two, three, c.cost)
	}
	c.put(3, keptView{modSeq: 4})
	if k, _ := c.get(3); k.modSeq != 5 {
		t.Error("an older view replaced a newer")
	}
	c.put(4, many(maxViews+1))
	if _, ok := c.get(4); ok {
		t.Error("a view beyond the cap was kept")
	}
	c.drop(1)
	c.drop(3)
	if c.cost != 0 {
		t.Errorf("cost %d of nothing", c.cost)
	}
}

func TestRecent(t *testing.T) {
	path := t.TempDir() + "/mail.db"
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	acc, box := person(t, s, "p", 0)
	from := func(claim bool) uint32 {
		t.Helper()
		uid, err := s.RecentFrom(t.Context(), box, claim)
		check(t, err)
		return uid
	}
	put(t, s, box, 2)
	if from(false) != 1 || from(true) != 1 || from(true) != 3 {
		t.Error("two messages before the first session")
	}
	put(t, s, box, 1)
	accept(t, s, mail("x", "x"), Delivery{Account: acc})
	if from(true) != 3 || from(true) != 5 {
		t.Error("two more")
	}
	put(t, s, box, 1)
	check(t, s.Close())
	s, err = Open(t.Context(), path, Options{})
	check(t, err)
	defer s.Close()
	// What a session could have been told before the restart is not recent; what came after is.
	if from(false) != 6 {
		t.Error("after the restart")
	}
	_, err = s.Copy(t.Context(), box, set(1), box) // RFC 3501 §6.4.7: copies are recent
	check(t, err)
	put(t, s, box, 1)
	if from(true) != 6 || from(true) != 8 {
		t.Error("after the copy")
	}
	_, err = s.RecentFrom(t.Context(), 99, true)
	wantErr(t, err, ErrNoMailbox)

	// Two writes may tell of themselves in either order, and after a claim.
	var r recents
	r.add(arrivals{{1, 6}})
	r.add(arrivals{{1, 5}, {2, 0}})
	if got := r.tell(1, 7, true); got != 5 {
		t.Error(got)
	}
	r.add(arrivals{{1, 6}})
	if got := r.tell(1, 7, true); got != 7 {
		t.Error(got)
	}
}

func TestLockMaildrop(t *testing.T) {
	s := openMail(t)
	unlock, err := s.LockMaildrop(1)
	check(t, err)
	_, err = s.LockMaildrop(1)
	wantErr(t, err, ErrLocked)
	other, err := s.LockMaildrop(2)
	check(t, err)
	unlock()
	again, err := s.LockMaildrop(1)
	check(t, err)
	unlock() // an old unlock opens no new lock
	_, err = s.LockMaildrop(1)
	wantErr(t, err, ErrLocked)
	again()
	other()
}
