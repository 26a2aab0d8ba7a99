package store

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/uidset"
)

// The model is what the store must do, said as plainly as can be.
type modelMessage struct {
	text  string
	flags map[string]bool
	mod   int64
}

type modelBox struct {
	id      MailboxID
	next    uint32
	mod     int64
	msgs    map[uint32]*modelMessage
	gone    map[uint32]int64 // by the modseq of their removal
	history []int64          // modseqs to ask Changes from
}

type model struct {
	t     *testing.T
	s     *Store
	rnd   *rand.Rand
	acc   []AccountID
	boxes []map[string]*modelBox // of each account
	queue *modelQueue
	now   *clock
	n     int
}

var modelFlags = []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`, "$Junk", "work", "Later"}

func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	steps := 3000
	if testing.Short() || raced { // the race detector makes SQLite 30 times slower
		steps = 300
	}
	m := &model{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), queue: newModelQueue()}
	m.s, m.now = openAt(t)
	for i := range 3 {
		acc, box := person(t, m.s, fmt.Sprintf("p%d", i), 0)
		m.acc = append(m.acc, acc)
		m.boxes = append(m.boxes, map[string]*modelBox{inbox: newModelBox(box)})
	}
	for step := range steps {
		what := m.step()
		if step%5 != 0 {
			continue
		}
		sound(t, m.s)
		m.compare(fmt.Sprintf("seed %d, step %d, after %s", seed, step, what))
	}
}

func newModelBox(id MailboxID) *modelBox {
	return &modelBox{id: id, next: 1, mod: 1, msgs: map[uint32]*modelMessage{}, gone: map[uint32]int64{}}
}

func (m *model) step() string {
	a := m.rnd.IntN(len(m.acc))
	name, box := m.anyBox(a)
	switch m.rnd.IntN(22) {
	case 0, 1, 2:
		m.accept()
		return "accept"
	case 3, 4:
		m.append(box)
		return "append"
	case 5, 6, 7:
		return m.store(box)
	case 8:
		_, dst := m.anyBox(a)
		m.copy(box, dst, false)
		return "copy"
	case 9, 10:
		_, dst := m.anyBox(a)
		m.copy(box, dst, true)
		return "move"
	case 11, 12:
		return m.expunge(box)
	case 13:
		return m.namespace(a, name)
	}
	return m.queueStep()
}

func (m *model) anyBox(a int) (string, *modelBox) {
	names := slices.Sorted(maps.Keys(m.boxes[a]))
	name := names[m.rnd.IntN(len(names))]
	return name, m.boxes[a][name]
}

func (m *model) text() string {
	m.n++
	size := m.rnd.IntN(300)
	if m.rnd.IntN(40) == 0 {
		size = m.rnd.IntN(300 << 10) // some of these are staged
	}
	return mail(fmt.Sprint("s", m.n), strings.Repeat("word ", size/5))
}

func (m *model) flags() []string {
	var flags []string
	for _, f := range modelFlags {
		if m.rnd.IntN(4) == 0 {
			flags = append(flags, f)
		}
	}
	return flags
}

func (b *modelBox) add(text string, flags []string) {
	set := map[string]bool{}
	for _, f := range flags {
		set[f] = true
	}
	b.msgs[b.next] = &modelMessage{text, set, b.mod}
	b.next++
}

func (b *modelBox) remove(uid uint32) {
	delete(b.msgs, uid)
	b.gone[uid] = b.mod
}

func (m *model) accept() {
	check(m.t, m.s.Accept(m.t.Context(), m.message()))
}

// message is one for some accounts, and perhaps for other domains.
func (m *model) message() Incoming {
	in := Incoming{Prefix: []byte("Received: here\r\n")}
	text := m.text()
	in.Body = section(text)
	if m.rnd.IntN(3) == 0 {
		in.Send = m.outgoing(string(in.Prefix) + text)
		if m.rnd.IntN(2) == 0 {
			return in
		}
	}
	for _, i := range m.rnd.Perm(len(m.acc))[:1+m.rnd.IntN(len(m.acc))] {
		d := Delivery{Account: m.acc[i], Flags: m.flags()}
		if m.rnd.IntN(2) == 0 {
			d.Prefix = fmt.Appendf(nil, "Delivered-To: p%d\r\n", i)
		}
		if m.rnd.IntN(4) == 0 {
			d.Mailbox, _ = m.anyBox(i)
		}
		in.Deliver = append(in.Deliver, d)
		box := m.boxes[i][cmp.Or(d.Mailbox, inbox)]
		box.mod++
		box.add(string(d.Prefix)+string(in.Prefix)+text, d.Flags)
	}
	return in
}

func (m *model) append(box *modelBox) {
	var drafts []Draft
	box.mod++
	var want []uint32
	for range 1 + m.rnd.IntN(5) {
		text, flags := m.text(), m.flags()
		drafts = append(drafts, Draft{Body: section(text), Flags: flags})
		want = append(want, box.next)
		box.add(text, flags)
	}
	uids, err := m.s.Append(m.t.Context(), box.id, drafts)
	check(m.t, err)
	if !slices.Equal(uids, want) {
		m.t.Fatalf("append gave %v, want %v", uids, want)
	}
}

// some is a random set of UIDs, of which some never were.
func (m *model) some(box *modelBox) uidset.Set {
	var r []uidset.Range
	for range 1 + m.rnd.IntN(4) {
		lo := 1 + m.rnd.Uint32N(box.next)
		r = append(r, uidset.Range{Lo: lo, Hi: lo + m.rnd.Uint32N(6)})
	}
	return uidset.Of(r...)
}

func (b *modelBox) in(uids uidset.Set) []uint32 {
	var list []uint32
	for uid := range b.msgs {
		if uids.Has(uid) {
			list = append(list, uid)
		}
	}
	slices.Sort(list)
	return list
}

func (m *model) store(box *modelBox) string {
	uids, op, flags := m.some(box), FlagOp(m.rnd.IntN(3)), m.flags()
	since := int64(-1)
	if m.rnd.IntN(3) == 0 {
		since = m.rnd.Int64N(box.mod + 1)
	}
	var refused []uint32
	changed := false
	for _, uid := range box.in(uids) {
		msg := box.msgs[uid]
		if since >= 0 && msg.mod > since {
			refused = append(refused, uid)
			continue
		}
		edited := maps.Clone(msg.flags)
		if op == FlagsReplace {
			clear(edited)
		}
		for _, f := range flags {
			if op == FlagsRemove {
				delete(edited, f)
			} else {
				edited[f] = true
			}
		}
		if !maps.Equal(edited, msg.flags) {
			msg.flags, msg.mod, changed = edited, box.mod+1, true
		}
	}
	if changed {
		box.mod++
	}
	got, err := m.s.StoreFlags(m.t.Context(), box.id, uids, op, flags, since)
	check(m.t, err)
	if !sameSet(got.Modified, set(refused...)) {
		m.t.Fatalf("store refused %v, want %v", got.Modified.Ranges(), refused)
	}
	if changed != (got.ModSeq != 0) || changed && got.ModSeq != box.mod {
		m.t.Fatalf("store gave modseq %d, want %d (changed: %v)", got.ModSeq, box.mod, changed)
	}
	return fmt.Sprint("store ", op, flags, " since ", since)
}

func (m *model) expunge(box *modelBox) string {
	uids, all := m.some(box), m.rnd.IntN(3) == 0
	var gone []uint32
	for _, uid := range box.in(uids) {
		if all || box.msgs[uid].flags[`\Deleted`] {
			gone = append(gone, uid)
		}
	}
	if len(gone) > 0 {
		box.mod++
	}
	for _, uid := range gone {
		box.remove(uid)
	}
	got, err := m.s.Expunge(m.t.Context(), box.id, uids, all)
	check(m.t, err)
	if !sameSet(got, set(gone...)) {
		m.t.Fatalf("expunged %v, want %v", got.Ranges(), gone)
	}
	return "expunge"
}

func (m *model) copy(src, dst *modelBox, move bool) {
	uids := m.some(src)
	hit := src.in(uids)
	first := dst.next
	if len(hit) > 0 {
		src.carry(dst, hit, move)
	}
	f := m.s.Copy
	if move {
		f = m.s.Move
	}
	got, err := f(m.t.Context(), src.id, uids, dst.id)
	check(m.t, err)
	if !sameSet(got.From, set(hit...)) || got.To.Len() != len(hit) || len(hit) > 0 && (got.To.Min() != first || got.To.Max() != dst.next-1) {
		m.t.Fatalf("copied %v to %v, want %v to %d", got.From.Ranges(), got.To.Ranges(), hit, first)
	}
}

func (b *modelBox) carry(dst *modelBox, hit []uint32, move bool) {
	if dst.mod++; move && b != dst {
		b.mod++
	}
	for _, uid := range hit {
		msg := b.msgs[uid]
		if move {
			b.remove(uid)
		}
		dst.add(msg.text, slices.Collect(maps.Keys(msg.flags)))
	}
}

// namespace makes, removes or renames a mailbox.
func (m *model) namespace(a int, name string) string {
	ctx, boxes := m.t.Context(), m.boxes[a]
	fresh := fmt.Sprintf("box%d", m.rnd.IntN(12))
	if _, there := boxes[fresh]; there {
		_, err := m.s.CreateMailbox(ctx, m.acc[a], fresh, "")
		wantErr(m.t, err, ErrExists)
		wantErr(m.t, m.s.RenameMailbox(ctx, m.acc[a], name, fresh), ErrExists)
		if m.rnd.IntN(2) == 0 {
			check(m.t, m.s.DeleteMailbox(ctx, m.acc[a], fresh))
			delete(boxes, fresh)
		}
		return "delete " + fresh
	}
	if m.rnd.IntN(2) == 0 {
		box, err := m.s.CreateMailbox(ctx, m.acc[a], fresh, "")
		check(m.t, err)
		boxes[fresh] = newModelBox(box.ID)
		return "create " + fresh
	}
	check(m.t, m.s.RenameMailbox(ctx, m.acc[a], name, fresh))
	if name == inbox {
		box, err := m.s.Mailbox(ctx, m.acc[a], fresh)
		check(m.t, err)
		boxes[fresh] = newModelBox(box.ID)
		if hit := boxes[inbox].in(span(1, 1<<31)); len(hit) > 0 {
			boxes[inbox].carry(boxes[fresh], hit, true)
		}
	} else {
		boxes[fresh] = boxes[name]
		delete(boxes, name)
	}
	return "rename " + name
}

func (m *model) compare(when string) {
	m.compareQueue(when)
	for a, boxes := range m.boxes {
		list, err := m.s.Mailboxes(m.t.Context(), m.acc[a])
		check(m.t, err)
		if len(list) != len(boxes) {
			m.t.Fatalf("%s: account %d has %d mailboxes, want %d", when, a, len(list), len(boxes))
		}
		for name, box := range boxes {
			m.compareBox(fmt.Sprintf("%s: account %d, mailbox %s", when, a, name), box)
		}
	}
}

func (m *model) compareBox(when string, box *modelBox) {
	t, ctx := m.t, m.t.Context()
	all := slices.Sorted(maps.Keys(box.msgs))
	v, err := m.s.View(ctx, box.id)
	check(t, err)
	if !sameSet(v.UIDs, set(all...)) || v.ModSeq != box.mod || v.UIDNext != box.next {
		t.Fatalf("%s: view %v, modseq %d, next %d; want %v, %d, %d", when, v.UIDs.Ranges(), v.ModSeq, v.UIDNext, all, box.mod, box.next)
	}
	names, err := m.s.Keywords(ctx, box.id)
	check(t, err)
	msgs := list(t, m.s, box.id, WithMeta|WithEnvelope|WithStructure)
	if len(msgs) != len(all) {
		t.Fatalf("%s: page of %d, want %d", when, len(msgs), len(all))
	}
	for i, msg := range msgs {
		want := box.msgs[all[i]]
		if msg.UID != all[i] || msg.ModSeq != want.mod || flagText(msg.Flags, names) != modelText(want.flags) || msg.Size != int64(len(want.text)) {
			t.Fatalf("%s: UID %d modseq %d flags %s size %d, want %d %d %s %d", when, msg.UID, msg.ModSeq,
				flagText(msg.Flags, names), msg.Size, all[i], want.mod, modelText(want.flags), len(want.text))
		}
		if m.rnd.IntN(20) == 0 && bodyText(t, m.s, msg.Body) != want.text {
			t.Fatalf("%s: UID %d has another text", when, msg.UID)
		}
	}
	box.history = append(box.history, box.mod)
	m.compareChanges(when, box, box.history[m.rnd.IntN(len(box.history))])
}

func (m *model) compareChanges(when string, box *modelBox, since int64) {
	ch, err := m.s.Changes(m.t.Context(), box.id, since)
	check(m.t, err)
	var changed, got, gone []uint32
	for uid, msg := range box.msgs {
		if msg.mod > since {
			changed = append(changed, uid)
		}
	}
	for uid, mod := range box.gone {
		if mod > since {
			gone = append(gone, uid)
		}
	}
	for _, msg := range ch.Changed {
		got = append(got, msg.UID)
	}
	slices.Sort(changed)
	if !slices.Equal(got, changed) || !sameSet(ch.Vanished, set(gone...)) || ch.ModSeq != box.mod || ch.Gone {
		m.t.Fatalf("%s: changes since %d are %v and %v gone, want %v and %v", when, since, got, ch.Vanished.Ranges(), changed, gone)
	}
	asked := span(1+m.rnd.Uint32N(20), 20+m.rnd.Uint32N(40))
	now, vanished, err := m.s.Since(m.t.Context(), box.id, since, asked)
	check(m.t, err)
	if !sameSet(now, set(changed...).And(asked)) || !sameSet(vanished, set(gone...).And(asked)) {
		m.t.Fatalf("%s: of %v since %d changed %v, vanished %v, want %v and %v", when, asked.Ranges(), since, now.Ranges(), vanished.Ranges(), changed, gone)
	}
}

func flagText(f Flags, keywords []string) string {
	var names []string
	for i, name := range modelFlags[:5] {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	for i, name := range keywords {
		if f&(1<<(KeywordBit+i)) != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func modelText(f map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(f)), " ") }
