package imap

import "buzon/internal/message"

// maxThreadWalk is how far up a thread is looked for a loop. Whoever writes
// references that need more is not answering mail.
const maxThreadWalk = 1000 // messages

// link is step 1 of RFC 5256 §3's REFERENCES for one message.
func (t *threader) link(n uint32, ids []byte) {
	parent := uint32(0)
	own := message.EachThreadID(ids, func(ref uint64) {
		if at := t.referred(ref); at != 0 {
			t.linkReferred(parent, at)
			parent = at
		}
	})
	at := t.own(n, own)
	t.setParent(at, 0) // a link from a reference may have been cut short
	if parent != 0 && !t.loops(parent, at) {
		t.setParent(at, parent)
	}
}

// referred is the node of a reference, a dummy while its message was not seen,
// or 0 when there are too many dummies.
func (t *threader) referred(id uint64) uint32 {
	at := t.ids[id]
	if at == 0 && len(t.nodes) < t.maxNodes {
		at = t.newDummy()
		t.ids[id] = at
	}
	return at
}

// linkReferred links two references that follow each other (step 1.A): a node
// that has a parent keeps it.
func (t *threader) linkReferred(parent, child uint32) {
	if parent != 0 && t.nodes[child].parent == 0 && !t.loops(parent, child) {
		t.setParent(child, parent)
	}
}

// own is the node of a message. Of several messages with one id the first has
// it, the others stand for themselves; so does one without.
func (t *threader) own(n uint32, id uint64) uint32 {
	if id == 0 {
		return t.newNode(n)
	}
	at := t.ids[id]
	switch {
	case at == 0:
		at = t.newNode(n)
		t.ids[id] = at
	case t.nodes[at].message != 0:
		at = t.newNode(n)
	default:
		t.nodes[at].message = n + 1
	}
	return at
}

func (t *threader) setParent(child, parent uint32) {
	t.nodes[t.nodes[child].parent].kids--
	t.nodes[child].parent = parent
	t.nodes[parent].kids++
}

// loops tells whether parent is child or stands below it. A node with nobody
// below it, as a new message mostly is, needs no look.
func (t *threader) loops(parent, child uint32) bool {
	if parent == child || t.nodes[child].kids == 0 {
		return parent == child
	}
	for range maxThreadWalk {
		parent = t.nodes[parent].parent
		if parent == 0 || parent == child {
			return parent == child
		}
	}
	return true
}

// prune is steps 2 and 3: dummies go, and who stood below them goes up to the
// next message above. Only the uppermost dummy stays, where it holds several
// together. It makes the lists of children, in mailbox order.
func (t *threader) prune() {
	for at := uint32(1); at < uint32(len(t.nodes)); at++ {
		if t.nodes[at].message != 0 {
			t.nodes[at].parent = t.above(at)
		}
	}
	for at := uint32(len(t.nodes)) - 1; at > 0; at-- {
		if n := &t.nodes[at]; n.message != 0 && n.parent != 0 {
			t.addChild(n.parent, at)
		}
	}
	for at := uint32(1); at < uint32(len(t.nodes)); at++ {
		t.addRoot(at)
	}
}

// above is the next message above a node, or the uppermost dummy. The dummies
// passed are shortened to it.
func (t *threader) above(at uint32) uint32 {
	top := t.nodes[at].parent
	for top != 0 && t.nodes[top].message == 0 && t.nodes[top].parent != 0 {
		top = t.nodes[top].parent
	}
	for at = t.nodes[at].parent; at != top; {
		at, t.nodes[at].parent = t.nodes[at].parent, top
	}
	return top
}

func (t *threader) addChild(parent, child uint32) {
	t.nodes[child].parent = parent
	t.nodes[child].next = t.nodes[parent].child
	t.nodes[parent].child = child
}

// addRoot makes a thread of a node that begins one. A dummy with one child is no more.
func (t *threader) addRoot(at uint32) {
	n := &t.nodes[at]
	switch {
	case n.message != 0 && n.parent == 0:
		t.roots = append(t.roots, at)
	case n.message == 0 && n.child != 0 && t.nodes[n.child].next == 0:
		t.nodes[n.child].parent = 0
		if n.child < at { // else its turn comes
			t.roots = append(t.roots, n.child)
		}
		n.child = 0
	case n.message == 0 && n.child != 0:
		t.roots = append(t.roots, at)
	}
}
