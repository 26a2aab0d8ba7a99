package imap

// write writes RFC 5256 §4's THREAD response. Threads may be of any depth, so it
// does not recurse.
func (t *threader) write(uid bool) {
	enc := t.s.enc
	enc.Raw("* THREAD")
	if len(t.roots) > 0 {
		enc.Byte(' ')
	}
	for _, root := range t.roots {
		t.writeThread(root, uid)
		if enc.Err() != nil {
			return
		}
	}
	enc.CRLF()
}

// writeThread writes one thread-list: a chain until it splits, then a list for
// each branch.
func (t *threader) writeThread(root uint32, uid bool) {
	enc := t.s.enc
	var open []uint32 // nodes at whose branches we are, with the branch being written
	enc.Byte('(')
	for at := root; ; {
		at = t.writeChain(at, uid)
		if first := t.nodes[at].child; first != 0 { // it splits here
			if t.nodes[at].message != 0 {
				enc.Byte(' ')
			}
			enc.Byte('(')
			open = append(open, first)
			at = first
			continue
		}
		enc.Byte(')')
		for len(open) > 0 && t.nodes[open[len(open)-1]].next == 0 {
			open = open[:len(open)-1]
			enc.Byte(')')
		}
		if len(open) == 0 || enc.Err() != nil {
			return
		}
		at = t.nodes[open[len(open)-1]].next
		open[len(open)-1] = at
		enc.Byte('(')
	}
}

// writeChain writes a node and who follows as long as there is one child each;
// it returns the last.
func (t *threader) writeChain(at uint32, uid bool) uint32 {
	for {
		n := &t.nodes[at]
		if n.message != 0 {
			t.writeNumber(t.uids[n.message-1], uid)
		}
		if n.child == 0 || t.nodes[n.child].next != 0 {
			return at
		}
		if n.message != 0 {
			t.s.enc.Byte(' ')
		}
		at = n.child
	}
}

func (t *threader) writeNumber(u uint32, uid bool) {
	if !uid {
		u = t.s.view.Seq(u)
	}
	t.s.enc.Number(u)
}
