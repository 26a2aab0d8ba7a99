package imap

import (
	"buzon/internal/uidset"
)

// A search is a small tree of our own, not imap.SearchCriteria: that merges the
// keys of one kind (two SINCE become one date), takes LARGER 0 and the first
// possible date for "not asked", has no WITHIN and no "$", and forgets which
// key is cheap to ask. Here each leaf knows what it costs, and the tree is asked
// again and again with more of the message at hand until it has an answer.

// verdict is what is known of a key for one message.
type verdict uint8

const (
	no verdict = iota
	yes
	unknown // not without looking further into the message
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// cost is how far into a message a key looks. Cheaper keys are asked first,
// whatever the order written.
type cost uint8

const (
	costFlags    cost = iota // UID and flags
	costMeta                 // dates and size: Fields WithMeta
	costEnvelope             // the cached envelope
	costHeader               // the header, from the body
	costBody                 // everything
)

// searchOp is the kind of a node.
type searchOp uint8

const (
	opTest searchOp = iota // a leaf: ask test
	opSet                  // a leaf: the messages of set
	opAnd
	opOr
	opNot
)

// searchKey is a node of the tree. A leaf's test may answer unknown to say that
// it needs more than its cost promised, costHeader at most.
type searchKey struct {
	op   searchOp
	kids []searchKey
	set  uidset.Set
	cost cost
	test func(*candidate) verdict
	// What an index may know of a leaf (search_index.go).
	looks []look
}

// ask gives the verdict on a candidate with what is at hand at a cost.
func (k *searchKey) ask(c *candidate, at cost) verdict {
	switch k.op {
	case opSet:
		return verdictOf(k.set.Has(c.m.UID))
	case opAnd:
		return k.askAll(c, at, no)
	case opOr:
		return k.askAll(c, at, yes)
	case opNot:
		return opposite(k.kids[0].ask(c, at))
	}
	if k.excludes(c.m.UID) {
		return no
	}
	if k.cost > at {
		return unknown
	}
	return k.test(c)
}

// askAll asks each kid until one decides: no for AND, yes for OR.
func (k *searchKey) askAll(c *candidate, at cost, decisive verdict) verdict {
	all := opposite(decisive)
	for i := range k.kids {
		switch v := k.kids[i].ask(c, at); v {
		case decisive:
			return decisive
		case unknown:
			all = unknown
		}
	}
	return all
}

func opposite(v verdict) verdict {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// narrow tells which messages of view may match: exactly those when exact, else
// a superset. It reads nothing; what the index answered narrows further.
func (k *searchKey) narrow(view uidset.Set) (set uidset.Set, exact bool) {
	switch k.op {
	case opSet:
		return view.And(k.set), true
	case opAnd:
		return k.narrowAll(view, view, uidset.Set.And)
	case opOr:
		return k.narrowAll(view, uidset.Set{}, uidset.Set.Or)
	case opNot:
		if set, exact = k.kids[0].narrow(view); exact {
			return view.AndNot(set), true
		}
		return view, false
	}
	return k.narrowLooks(view), false
}

func (k *searchKey) narrowAll(view, set uidset.Set, join func(a, b uidset.Set) uidset.Set) (uidset.Set, bool) {
	exact := true
	for i := range k.kids {
		s, e := k.kids[i].narrow(view)
		set, exact = join(set, s), exact && e
	}
	return set, exact
}

// costs notes the costs of all leaves that are asked.
func (k *searchKey) costs(seen *[costBody + 1]bool) {
	if k.op == opTest {
		seen[k.cost] = true
	}
	for i := range k.kids {
		k.kids[i].costs(seen)
	}
}
