package store

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func rung(w *Watch) bool {
	select {
	case <-w.C:
		return true
	default:
		return false
	}
}

func TestWatch(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	_, strange := person(t, s, "o", 0)
	other, err := s.CreateMailbox(t.Context(), acc, "other", "")
	check(t, err)
	one, two, all, far := s.Watch(box), s.Watch(box), s.WatchAccount(acc), s.Watch(strange)
	put(t, s, box, 1)
	put(t, s, box, 1)
	// One token, whatever happened.
	if !rung(one) || rung(one) || !rung(two) || !rung(all) || rung(far) {
		t.Error("after an append")
	}
	one.Stop()
	one.Stop()
	put(t, s, other.ID, 1)
	if rung(two) || !rung(all) {
		t.Error("after an append elsewhere")
	}
	for what, f := range map[string]func() error{
		"subscribe": func() error { return s.Subscribe(t.Context(), acc, "x", true) },
		"rename":    func() error { return s.RenameMailbox(t.Context(), acc, "other", "more") },
		"create":    func() error { _, err := s.CreateMailbox(t.Context(), acc, what(), ""); return err },
	} {
		check(t, f())
		if !rung(all) || rung(two) {
			t.Error("after " + what)
		}
	}
	// A store that changes nothing rings nothing.
	_, err = s.StoreFlags(t.Context(), box, set(1), FlagsRemove, []string{`\Seen`}, -1)
	check(t, err)
	if rung(two) || rung(all) {
		t.Error("after nothing")
	}
	gone := s.Watch(other.ID)
	check(t, s.DeleteMailbox(t.Context(), acc, "more"))
	if !rung(gone) || !rung(all) {
		t.Error("after delete")
	}
	s.ringAll()
	if rung(one) || !rung(two) || !rung(all) || !rung(far) || !rung(gone) {
		t.Error("after another process wrote")
	}
	for _, w := range []*Watch{two, all, far, gone} {
		w.Stop()
	}
	if len(s.bells.box) != 0 || len(s.bells.acc) != 0 {
		t.Error("bells of nobody are kept")
	}
}

func what() string { return fmt.Sprint("made", time.Now().UnixNano()) }

// Many sessions on one mailbox come and go while mail arrives, and none misses it.
func TestDeliveriesAndReaders(t *testing.T) {
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	const writers, each, readers = 4, 25, 4
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := s.Accept(t.Context(), Incoming{Body: section(mail(fmt.Sprint(w, "-", i), "text")), Deliver: []Delivery{{Account: acc}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range readers {
		wg.Go(func() { follow(t, s, box, writers*each) })
	}
	wg.Go(func() { // somebody reads and files mail away meanwhile
		for uid := uint32(1); uid <= 20; uid++ {
			s.StoreFlags(t.Context(), box, set(uid), FlagsAdd, []string{`\Seen`, "kw"}, -1)
			s.Copy(t.Context(), box, set(uid), box)
			s.View(t.Context(), box)
		}
	})
	wg.Wait()
	sound(t, s)
}

// follow watches a mailbox until n messages that were accepted are there, reading each.
func follow(t *testing.T, s *Store, box MailboxID, n int) {
	w := s.Watch(box)
	defer w.Stop()
	seen, mod := map[uint32]bool{}, int64(0)
	for {
		ch, err := s.Changes(t.Context(), box, mod)
		if err != nil {
			t.Error(err)
			return
		}
		mod = ch.ModSeq
		for _, m := range ch.Changed {
			if seen[m.UID] {
				continue
			}
			seen[m.UID] = true
			page, err := s.Page(t.Context(), box, set(m.UID), 0, 1, WithMeta, nil)
			if err != nil || len(page) != 1 || len(bodyText(t, s, page[0].Body)) != int(page[0].Size) {
				t.Errorf("UID %d: %v, %v", m.UID, page, err)
			}
		}
		if len(seen) >= n {
			return
		}
		select {
		case <-w.C:
		case <-time.After(10 * time.Second):
			t.Errorf("nothing rang after %d messages", len(seen))
			return
		}
	}
}
