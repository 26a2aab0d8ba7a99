package imap

import (
	"cmp"
	"slices"
)

// bySubject is ORDEREDSUBJECT (RFC 5256 §3): the first message with a subject
// has all others for its children.
func (t *threader) bySubject() {
	order := make([]uint32, len(t.nodes)-1)
	for i := range order {
		order[i] = uint32(i) + 1
	}
	t.sortByDate(order)
	first := make(map[uint64]uint32)
	for _, at := range order {
		subject := t.subjects[t.nodes[at].message-1]
		root, ok := first[subject]
		if !ok {
			first[subject] = at
			t.roots = append(t.roots, at)
			continue
		}
		t.addChild(root, at)
	}
	t.sortChildren()
}

// byReferences is steps 2 to 6 of REFERENCES.
func (t *threader) byReferences() {
	t.prune()
	t.sortChildren()
	t.sortByDate(t.roots)
	t.gatherSubjects()
	t.sortChildren()
	t.sortByDate(t.roots)
}

// byLatest is REFS: the thread in which something was sent last comes last.
func (t *threader) byLatest() {
	t.prune()
	t.sortChildren()
	latest := make(map[uint32]int64, len(t.roots))
	for _, root := range t.roots {
		t.eachBelow(root, func(at uint32) {
			if n := t.nodes[at].message; n != 0 {
				if date, ok := latest[root]; !ok || t.dates[n-1] > date {
					latest[root] = t.dates[n-1]
				}
			}
		})
	}
	slices.SortFunc(t.roots, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(latest[a], latest[b]), cmp.Compare(t.first(a), t.first(b)))
	})
}

// first is the number of a node's message, for a dummy that of its first child.
func (t *threader) first(at uint32) uint32 {
	if n := t.nodes[at].message; n != 0 {
		return n - 1
	}
	return t.nodes[t.nodes[at].child].message - 1 // a dummy has messages below it
}

// sortByDate sorts siblings by when they were sent, then by number (RFC 5256 §2.2).
func (t *threader) sortByDate(list []uint32) {
	slices.SortFunc(list, func(a, b uint32) int {
		a, b = t.first(a), t.first(b)
		return cmp.Or(cmp.Compare(t.dates[a], t.dates[b]), cmp.Compare(a, b))
	})
}

// sortChildren sorts the children of every node.
func (t *threader) sortChildren() {
	var list []uint32
	for at := range t.nodes {
		child := t.nodes[at].child
		if child == 0 || t.nodes[child].next == 0 {
			continue
		}
		list = list[:0]
		for ; child != 0; child = t.nodes[child].next {
			list = append(list, child)
		}
		t.sortByDate(list)
		t.nodes[at].child = 0
		for i := len(list) - 1; i >= 0; i-- {
			t.addChild(uint32(at), list[i])
		}
	}
}

// eachBelow gives f a node and all below it. It does not recurse: a thread may
// be as deep as the mailbox is long.
func (t *threader) eachBelow(root uint32, f func(at uint32)) {
	for at := root; ; {
		f(at)
		if t.nodes[at].child != 0 {
			at = t.nodes[at].child
			continue
		}
		for at != root && t.nodes[at].next == 0 {
			at = t.nodes[at].parent
		}
		if at == root {
			return
		}
		at = t.nodes[at].next
	}
}

// gatherSubjects is step 5: threads with the same subject become one.
func (t *threader) gatherSubjects() {
	table := make(map[uint64]uint32)
	for _, root := range t.roots {
		subject := t.subjects[t.first(root)]
		if other, ok := table[subject]; subject != 0 && (!ok || t.leads(root, other)) {
			table[subject] = root
		}
	}
	roots := t.roots
	t.roots = nil
	merged := make(map[uint32]bool) // below another root now
	for _, root := range roots {
		subject := t.subjects[t.first(root)]
		if merged[root] || subject == 0 || table[subject] == root {
			continue
		}
		table[subject] = t.merge(root, table[subject], merged)
	}
	for at := uint32(1); at < uint32(len(t.nodes)); at++ {
		if t.nodes[at].parent == 0 && !merged[at] && (t.nodes[at].message != 0 || t.nodes[at].child != 0) {
			t.roots = append(t.roots, at)
		}
	}
}

// leads tells whether root stands for its subject rather than other (step 5.B.iv).
func (t *threader) leads(root, other uint32) bool {
	if t.nodes[other].message == 0 {
		return false
	}
	return t.nodes[root].message == 0 || t.isReply(other) && !t.isReply(root)
}

func (t *threader) isReply(at uint32) bool { return t.replies[t.first(at)] }

// merge is step 5.C for a thread and the one that stands for its subject. It
// returns what stands for the subject now.
func (t *threader) merge(root, leader uint32, merged map[uint32]bool) uint32 {
	merged[root] = true
	dummy, leaderDummy := t.nodes[root].message == 0, t.nodes[leader].message == 0
	switch {
	case dummy && leaderDummy:
		for child := t.nodes[root].child; child != 0; {
			next := t.nodes[child].next
			t.addChild(leader, child)
			child = next
		}
		t.nodes[root].child = 0
		return leader
	case leaderDummy, t.isReply(root) && !t.isReply(leader):
		t.addChild(leader, root)
		return leader
	}
	merged[leader] = true
	both := t.newDummy()
	t.addChild(both, root)
	t.addChild(both, leader)
	return both
}
