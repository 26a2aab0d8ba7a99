package store

import (
	"context"
	"encoding/binary"
	"sync"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Reading which message has which body costs most of a look into the index of a
// large mailbox: 17 of 22 ms of 100,000 messages. It is kept for the mailbox that
// was searched last, for whoever types one word after the other; a UID has the
// same body for ever, so it can only lack what came later, and that is read then.

const (
	// worthPlaces is how many messages are read from the file as well.
	worthPlaces = 2000

	// maxPlaces is what may be kept; a mailbox that takes more is read each time.
	maxPlaces = 512 << 10 // octets
)

// places is the bodies of a mailbox: runs of UIDs and bodies that both rise by
// one, each as three differences to what would come next: UID, body, length.
type places struct {
	box  MailboxID
	data []byte
	run  placeRun // the last, not in data yet
}

type placeRun struct {
	uid  uint32
	body BodyID
	n    uint32
}

// precedes tells that a message would make the run longer.
func (r *placeRun) precedes(uid uint32, body BodyID) bool {
	return r.n > 0 && uid == r.uid+r.n && body == r.body+BodyID(r.n)
}

// add notes a message with a higher UID than any before.
func (p *places) add(uid uint32, body BodyID, last *placeRun) {
	if p.run.precedes(uid, body) {
		p.run.n++
		return
	}
	p.flush(last)
	p.run = placeRun{uid, body, 1}
}

func (p *places) flush(last *placeRun) {
	if p.run.n == 0 {
		return
	}
	p.data = binary.AppendUvarint(p.data, uint64(p.run.uid-last.uid))
	p.data = binary.AppendVarint(p.data, int64(p.run.body-last.body))
	p.data = binary.AppendUvarint(p.data, uint64(p.run.n))
	*last = p.run
}

// runs gives f all runs until it returns false.
func (p *places) runs(f func(r placeRun) bool) {
	var r placeRun
	for b := p.data; len(b) > 0; {
		uid, n := binary.Uvarint(b)
		body, m := binary.Varint(b[n:])
		length, k := binary.Uvarint(b[n+m:])
		b = b[n+m+k:]
		r = placeRun{r.uid + uint32(uid), r.body + BodyID(body), uint32(length)}
		if !f(r) {
			return
		}
	}
	if p.run.n > 0 {
		f(p.run)
	}
}

// each gives f the messages of uids from a UID on, in runs, until it returns false.
func (p *places) each(uids uidset.Set, from uint32, f func(r placeRun) bool) {
	ranges := uids.Ranges()
	p.runs(func(r placeRun) bool {
		end := r.uid + r.n - 1
		for len(ranges) > 0 && ranges[0].Lo <= end {
			lo, hi := max(ranges[0].Lo, r.uid, from), min(ranges[0].Hi, end)
			if lo <= hi && !f(placeRun{lo, r.body + BodyID(lo-r.uid), hi - lo + 1}) {
				return false
			}
			if ranges[0].Hi > end {
				break
			}
			ranges = ranges[1:]
		}
		return len(ranges) > 0
	})
}

// placesOf is the places of a mailbox as they are now.
func (s *Store) placesOf(ctx context.Context, box MailboxID) (*places, error) {
	p := s.places.get(box)
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		p, err = p.grown(c)
		return err
	})
	if err == nil {
		s.places.put(p)
	}
	return &p, err
}

// grown is p with the messages that came since; p itself is shared and stays.
func (p places) grown(c *sqlite.Conn) (places, error) {
	var last placeRun
	newest := p.run
	if newest.n > 0 { // it is written again, as part of data or not
		newest.uid += newest.n - 1
	}
	first := true
	err := each(c, `SELECT uid, body FROM msg WHERE mailbox = ?+0 AND uid > ? ORDER BY uid`, func(st *sqlite.Stmt) {
		if first {
			first = false
			p.data = append([]byte(nil), p.data...)
			p.runs(func(r placeRun) bool {
				if r != p.run {
					last = r
				}
				return true
			})
		}
		p.add(uint32(st.ColumnInt64(0)), BodyID(st.ColumnInt64(1)), &last)
	}, int64(p.box), int64(newest.uid))
	return p, err
}

// placeCache keeps the places of one mailbox. The zero value is ready.
type placeCache struct {
	mu   sync.Mutex
	kept places
	used bool
}

func (k *placeCache) get(box MailboxID) places {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept.box != box {
		return places{box: box}
	}
	k.used = true
	return k.kept
}

func (k *placeCache) put(p places) {
	if len(p.data) > maxPlaces {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept, k.used = p, true
}

// shrink lets it go if it was not used since the last call.
func (k *placeCache) shrink() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.used {
		k.kept = places{}
	}
	k.used = false
}
