package imap

import "buzon/internal/uidset"

// QRESYNC (RFC 7162 §3.2): a client that comes back tells in SELECT what it
// knows and gets what changed and what vanished, in one round trip.

// hasQResync tells whether QRESYNC exists for this session; it needs CONDSTORE (RFC 7162 §3.2).
func (s *session) hasQResync() bool { return s.has("QRESYNC") && s.has("CONDSTORE") }

func (s *session) enableQResync() {
	s.enabled.QResync = true
	s.enableCondStore() // RFC 7162 §3.2.3: both at once
}

// known is what a client says of a mailbox in SELECT (RFC 7162 §3.2.5).
type known struct {
	uidValidity uint32
	modSeq      int64
	listed      bool       // it gave the UIDs it knows
	lazy        bool       // as 1:N: some programs list so what they know, with all the gaps there ever were in it (interimap)
	uids        uidset.Set // these, or all there can be
	matched     uidset.Set // those that it knows the numbers of, too
}

// sure is the UIDs that the client has for certain.
func (k *known) sure() uidset.Set {
	switch {
	case !k.listed:
		return uidset.Set{}
	case k.lazy:
		return k.matched
	}
	return k.uids
}

// allUIDs is every UID there can be.
func allUIDs() uidset.Set { return uidset.Of(uidset.Range{Lo: 1, Hi: ^uint32(0)}) }

// parseKnown reads (uidvalidity modseq [known-uids] [seq-match-data]).
func (s *session) parseKnown() (*known, error) {
	k := &known{uids: allUIDs()}
	at := 0
	err := s.dec.List(func() (err error) {
		defer func() { at++ }()
		switch c, _ := s.dec.Peek(); { // an error shows in what follows
		case at == 0:
			k.uidValidity, err = s.dec.Number()
		case at == 1:
			k.modSeq, err = s.dec.Number64()
		case c == '(':
			err = s.parseMatchData(k, at)
		case at == 2:
			k.listed = true
			k.uids, err = s.parseKnownUIDs()
			k.lazy = err == nil && len(k.uids.Ranges()) == 1 && k.uids.Min() == 1
		default:
			err = s.dec.unexpected("the end of the QRESYNC parameter")
		}
		return err
	})
	if err == nil && at < 2 {
		err = syntaxf("QRESYNC needs a UIDVALIDITY and a modseq.")
	}
	return k, err
}

// parseMatchData reads (known-sequence-set known-uid-set), by which servers
// that do not keep what vanished can guess it (RFC 7162 §3.2.5.2). We keep it;
// to us it tells what the client does not know.
func (s *session) parseMatchData(k *known, at int) error {
	switch {
	case at > 3 || at == 3 && !k.listed:
		return s.dec.unexpected("the end of the QRESYNC parameter")
	case s.enabled.UIDOnly: // RFC 9586 §3.4: it has sequence numbers in it
		return errUIDRequired
	}
	var sets []uidset.Set
	err := s.dec.List(func() error {
		set, err := s.parseKnownUIDs()
		sets = append(sets, set)
		return err
	})
	switch {
	case err != nil:
		return err
	case len(sets) != 2:
		return syntaxf("The data to match are a set of numbers and a set of UIDs.")
	}
	if sets[0].Len() == sets[1].Len() { // else it makes no sense, and is only a help
		k.match(sets[0], sets[1])
	}
	return nil
}

// match takes away the UIDs between those of neighbouring sequence numbers:
// the client knows none there, though it may list what it knows as 1:N.
func (k *known) match(numbers, uids uidset.Set) {
	k.matched = uids.And(k.uids)
	var span uidset.Builder
	at := uint32(0) // sequence number in the sets
	for _, r := range numbers.Ranges() {
		first, last := uids.UID(at+1), uids.UID(at+uint32(r.Len()))
		if r.Lo == 1 {
			first = 1
		}
		span.AddRange(uidset.Range{Lo: first, Hi: last})
		at += uint32(r.Len())
	}
	k.uids = k.uids.AndNot(span.Set().AndNot(uids))
}

// parseKnownUIDs reads a set in which "*" has no meaning (RFC 7162 §7, known-uids).
func (s *session) parseKnownUIDs() (uidset.Set, error) {
	n, err := parseNumSet(s.dec)
	if err == nil && n.saved {
		err = syntaxf("$ is not a set of known UIDs.")
	}
	if err != nil {
		return uidset.Set{}, err
	}
	return n.set(maxUID), nil
}

// maxUID is what "*" means where a client speaks of what may be gone: the
// last UID it knows may have been removed.
const maxUID = ^uint32(0)

// resync tells a client that comes back what it does not know (RFC 7162
// §3.2.5): first what vanished, then new flags. What happens from now on comes
// with the update.
func (s *session) resync(k *known) error {
	since := k.modSeq
	lost := since > s.modSeq // a backup was put back: what the client has seen since is no more
	if lost {
		since = 0
	}
	changed, vanished, err := s.box.Since(s.ctx, since, k.uids)
	if err != nil {
		return err
	}
	if lost {
		vanished = k.uids.AndNot(s.view)
	} else {
		// A message that is known and not there is gone, whenever that was.
		vanished = vanished.Or(k.sure().AndNot(s.view))
	}
	s.tellEarlier(vanished)
	return s.pages(changed.And(s.view), func(m *Message) { s.tellFlagsOf(*m) })
}

// tellEarlier writes VANISHED (EARLIER) (RFC 7162 §3.2.10.1). What this client
// still sees in the mailbox is not meant: that comes as VANISHED.
func (s *session) tellEarlier(uids uidset.Set) {
	s.writeVanished("* VANISHED (EARLIER) ", uids.AndNot(s.view))
}

// vanishedRanges is how many ranges stand in one response, for clients that
// read lines into buffers.
const vanishedRanges = 500 // about 5 KB

func (s *session) writeVanished(prefix string, uids uidset.Set) {
	for ranges := uids.Ranges(); len(ranges) > 0 && s.enc.Err() == nil; {
		n := min(len(ranges), vanishedRanges)
		s.enc.Raw(prefix).Bytes(appendRanges(nil, ranges[:n])).CRLF()
		ranges = ranges[n:]
	}
}
