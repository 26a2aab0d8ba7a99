package imap

import (
	"bytes"
	"hash/maphash"

	"buzon/internal/fold"
	"buzon/internal/message"
	"buzon/internal/uidset"
)

// threadAlgorithm is one row of the table of how THREAD can thread.
type threadAlgorithm struct {
	capability string
	fields     Fields
	add        func(t *threader, m *Message) error // each message, by UID
	finish     func(t *threader)                   // leaves the threads in t.roots
}

// threadAlgorithms is the table (RFC 5256 §3). REFS of draft-ietf-morg-inthread
// is REFERENCES that trusts no subject, with the thread where something came
// last at the end.
var threadAlgorithms = map[string]*threadAlgorithm{
	"ORDEREDSUBJECT": {
		capability: "THREAD=ORDEREDSUBJECT", fields: WithMeta | WithEnvelope,
		add: (*threader).addSubject, finish: (*threader).bySubject,
	},
	"REFERENCES": {
		capability: "THREAD=REFERENCES", fields: WithMeta | WithEnvelope | WithReferences,
		add: (*threader).addReferences, finish: (*threader).byReferences,
	},
	"REFS": {
		capability: "THREAD=REFS", fields: WithMeta | WithEnvelope | WithReferences,
		add: (*threader).addLinks, finish: (*threader).byLatest,
	},
}

// thread runs THREAD and UID THREAD (RFC 5256 §3).
func (s *session) thread(tag string, uid bool) error {
	algorithm, program, err := s.parseThread()
	if err != nil {
		return err
	}
	var t *threader
	err = s.reading(func() (err error) {
		t, err = s.findThreads(algorithm, program)
		return err
	})
	if err != nil {
		return err
	}
	if program.modSeqs > 0 { // RFC 7162 §3.1.5
		s.enableCondStore()
	}
	t.write(uid)
	return s.ok(tag, "", "Threaded.")
}

func (s *session) parseThread() (*threadAlgorithm, *searchProgram, error) {
	if err := s.dec.SP(); err != nil {
		return nil, nil, err
	}
	name, err := s.dec.Keyword()
	if err != nil {
		return nil, nil, err
	}
	algorithm, ok := threadAlgorithms[name]
	if !ok || !s.has(algorithm.capability) {
		return nil, nil, syntaxf("THREAD does not know %s.", name)
	}
	program, err := newSearchParser(s).parseAfterCharset()
	return algorithm, program, err
}

// findThreads searches and threads. Nobody waits for the client meanwhile.
func (s *session) findThreads(algorithm *threadAlgorithm, program *searchProgram) (*threader, error) {
	leave, err := s.enterHeavy()
	if err != nil {
		return nil, err
	}
	defer leave()
	uids, err := s.find(&searchRequest{program: program})
	if err != nil {
		return nil, err
	}
	t := newThreader(s, uids)
	if err := s.eachMessage(uids, algorithm.fields, func(m *Message) error { return algorithm.add(t, m) }); err != nil {
		return nil, err
	}
	algorithm.finish(t)
	t.trim()
	return t, nil
}

// threader is one THREAD at work. Of each message it keeps some 60 octets.
type threader struct {
	s     *session
	nodes []threadNode // by number; 0 is none
	roots []uint32     // the threads, in order

	// Of the messages, by number.
	uids     []uint32
	dates    []int64  // sent
	subjects []uint64 // hash of the collated base subject, 0 for an empty one
	replies  []bool   // the subject has "Re:" or its like

	ids      map[uint64]uint32 // nodes by the hash of their Message-ID
	maxNodes int
	seed     maphash.Seed
	scratch  []byte
	header   []byte
}

// threadNode is a message in the tree, or a dummy for one that others refer to
// and that is not here.
type threadNode struct {
	parent, child, next uint32
	message             uint32 // its number plus 1; 0 for a dummy
	kids                uint32 // how many nodes have it for a parent, while links are made
}

func newThreader(s *session, uids uidset.Set) *threader {
	n := uids.Len()
	return &threader{
		s: s, nodes: make([]threadNode, 1, n+1), seed: maphash.MakeSeed(),
		uids: make([]uint32, 0, n), dates: make([]int64, 0, n),
		ids: make(map[uint64]uint32), maxNodes: 2*n + spareDummies,
	}
}

// spareDummies is how many dummies there may be beyond one for each message:
// more references are not looked at, so that hostile ones cost little.
const spareDummies = 10_000

// trim lets go what is no longer needed when the threads are being written.
func (t *threader) trim() {
	t.dates, t.subjects, t.replies, t.ids, t.header = nil, nil, nil, nil, nil
}

// addMessage notes a message and gives its number.
func (t *threader) addMessage(m *Message, e *message.Envelope) uint32 {
	t.uids = append(t.uids, m.UID)
	t.dates = append(t.dates, sentDate(m, e))
	return uint32(len(t.uids) - 1)
}

// addSubject notes a message with its subject.
func (t *threader) addSubject(m *Message) error {
	e := t.s.envelopeOf(m)
	t.newNode(t.addMessage(m, e))
	t.noteSubject(e)
	return nil
}

func (t *threader) noteSubject(e *message.Envelope) {
	base, reply := message.BaseSubject(e.Subject)
	hash := uint64(0)
	if base != "" {
		t.scratch = fold.Append(t.scratch[:0], []byte(base)) // RFC 5256 §7
		hash = max(maphash.Bytes(t.seed, t.scratch), 1)
	}
	t.subjects = append(t.subjects, hash)
	t.replies = append(t.replies, reply)
}

// addLinks notes a message and links it with those it refers to.
func (t *threader) addLinks(m *Message) error {
	ids, err := t.idsOf(m)
	if err == nil {
		t.link(t.addMessage(m, t.s.envelopeOf(m)), ids)
	}
	return err
}

// addReferences is addLinks with the subject.
func (t *threader) addReferences(m *Message) error {
	ids, err := t.idsOf(m)
	if err != nil {
		return err
	}
	e := t.s.envelopeOf(m)
	t.link(t.addMessage(m, e), ids)
	t.noteSubject(e)
	return nil
}

func (t *threader) newNode(message uint32) uint32 {
	t.nodes = append(t.nodes, threadNode{message: message + 1})
	return uint32(len(t.nodes) - 1)
}

func (t *threader) newDummy() uint32 {
	t.nodes = append(t.nodes, threadNode{})
	return uint32(len(t.nodes) - 1)
}

// idsOf gives the message ids, from the header where they were not kept at delivery.
func (t *threader) idsOf(m *Message) ([]byte, error) {
	if m.References != nil {
		return m.References, nil
	}
	body, err := t.s.box.Body(t.s.ctx, m.Body)
	if err == nil {
		defer body.Release()
		t.header, err = readExtent(body, extent{0, body.Size()}, t.header)
	}
	var structure *message.Structure
	if err == nil {
		structure, err = message.Parse(bytes.NewReader(t.header), int64(len(t.header)))
	}
	switch {
	case err == nil:
		return structure.AppendThreadIDs(nil), nil
	case t.s.ctx.Err() != nil:
		return nil, t.s.ctx.Err()
	}
	t.s.log.Warn("header of a message cannot be read", "mailbox", t.s.name, "uid", m.UID, "err", err)
	return nil, nil
}
