package store

import (
	"context"
	"sync"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// View is a mailbox's UIDs and counters as of one ModSeq, read together.
type View struct {
	Mailbox
	UIDs uidset.Set
}

// View reads a mailbox for a session that opens it. The UIDs of mailboxes
// opened lately are kept, as Sets are immutable and shared by all sessions:
// reading 100,000 from the file costs 20 ms or more, bringing them up to date next to nothing.
func (s *Store) View(ctx context.Context, box MailboxID) (View, error) {
	var v View
	kept, ok := s.views.get(box)
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		if v.Mailbox, err = mailboxByID(c, box); err != nil {
			return err
		}
		if v.NoSelect {
			return ErrNoMailbox
		}
		switch {
		case !ok || kept.modSeq > v.ModSeq: // above: a backup was put back meanwhile
			v.UIDs, err = allUIDs(c, box)
		case kept.modSeq == v.ModSeq:
			v.UIDs = kept.uids
		default:
			v.UIDs, err = kept.update(c, box)
		}
		return err
	})
	if err != nil {
		return View{}, wrap("view", err)
	}
	s.views.put(box, keptView{v.UIDs, v.ModSeq})
	return v, nil
}

func allUIDs(c *sqlite.Conn, box MailboxID) (uidset.Set, error) {
	var b uidset.Builder
	err := each(c, `SELECT uid FROM msg WHERE mailbox = ?+0 ORDER BY uid`,
		func(st *sqlite.Stmt) { b.Add(uint32(st.ColumnInt64(0))) }, int64(box))
	return b.Set(), err
}

// keptView is the UIDs of a mailbox as of a modseq.
type keptView struct {
	uids   uidset.Set
	modSeq int64
}

// update gives the UIDs as they are now. Those with new flags are among the
// newcomers too, and change nothing.
func (k keptView) update(c *sqlite.Conn, box MailboxID) (uidset.Set, error) {
	changed, err := changedSince(c, box, k.modSeq)
	if err != nil {
		return uidset.Set{}, err
	}
	gone, err := vanishedSince(c, box, k.modSeq)
	if err != nil {
		return uidset.Set{}, err
	}
	return k.uids.Or(changed).AndNot(gone), nil
}

// viewCache keeps the UIDs of mailboxes opened lately. The zero value is ready.
type viewCache struct {
	mu   sync.Mutex
	kept map[MailboxID]*cachedView
	cost int
	tick uint64
}

type cachedView struct {
	keptView
	used uint64 // tick of the last use
}

const (
	// maxViews is what all views kept may cost: with 12 octets a range less than a megabyte.
	maxViews = 64 << 10 // ranges

	// viewCost is what a view costs beside its ranges.
	viewCost = 8 // ranges
)

func (k *cachedView) cost() int { return len(k.uids.Ranges()) + viewCost }

func (v *viewCache) get(box MailboxID) (keptView, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.kept[box]
	if k == nil {
		return keptView{}, false
	}
	v.tick++
	k.used = v.tick
	return k.keptView, true
}

// put keeps a view unless a newer one is there, and lets those go that were
// not used for longest.
func (v *viewCache) put(box MailboxID, view keptView) {
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.kept[box]
	if old != nil && old.modSeq >= view.modSeq {
		return
	}
	v.remove(box)
	v.tick++
	k := &cachedView{view, v.tick}
	if k.cost() > maxViews {
		return
	}
	if v.kept == nil {
		v.kept = make(map[MailboxID]*cachedView)
	}
	v.kept[box] = k
	v.cost += k.cost()
	for v.cost > maxViews {
		v.remove(v.oldest())
	}
}

func (v *viewCache) oldest() (box MailboxID) {
	least := ^uint64(0)
	for id, k := range v.kept {
		if k.used < least {
			box, least = id, k.used
		}
	}
	return box
}

func (v *viewCache) remove(box MailboxID) {
	if k := v.kept[box]; k != nil {
		v.cost -= k.cost()
		delete(v.kept, box)
	}
}

// drop forgets a mailbox that is no more.
func (v *viewCache) drop(box MailboxID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.remove(box)
}
