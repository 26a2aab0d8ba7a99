package imap

import (
	"sync"

	"buzon/internal/uidset"
)

// views lets all sessions in one mailbox hold the same Set: a thousand clients
// of a mailbox with holes cost one map of UIDs, and one of them works out the
// next. The zero value is ready.
type views struct {
	mu   sync.Mutex
	kept map[string]*sharedView // by mailbox ID
}

// sharedView is the UIDs of a mailbox as of a modseq; it goes with its last user.
type sharedView struct {
	news   sharedNews
	users  int
	modSeq int64
	uids   uidset.Set
}

// join counts a session in and returns the Set to use instead of its own.
func (v *views) join(id string, modSeq int64, uids uidset.Set) uidset.Set {
	v.mu.Lock()
	if v.kept == nil {
		v.kept = make(map[string]*sharedView)
	}
	if v.kept[id] == nil {
		v.kept[id] = &sharedView{}
	}
	v.kept[id].users++
	v.mu.Unlock()
	return v.share(id, modSeq, func() uidset.Set { return uids })
}

func (v *views) leave(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k := v.kept[id]; k.users > 1 {
		k.users--
		return
	}
	delete(v.kept, id)
}

// share returns the Set of a mailbox as of modSeq, worked out by the first who
// comes to it. Those who wait meanwhile would only do the same.
func (v *views) share(id string, modSeq int64, work func() uidset.Set) uidset.Set {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.kept[id]
	if k != nil && k.modSeq == modSeq {
		return k.uids
	}
	uids := work()
	if k != nil && k.modSeq < modSeq {
		k.modSeq, k.uids = modSeq, uids
	}
	return uids
}
