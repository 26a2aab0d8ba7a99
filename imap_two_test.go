package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/uidset"
)

var (
	twoSeed  = flag.Uint64("two.seed", 0, "seed of TestIMAPTwoClients; 0 is one by the clock")
	twoSteps = flag.Int("two.steps", 600, "steps of each part of TestIMAPTwoClients")
)

// Two clients on one mailbox: one changes it, and so do other people, the other
// watches, and now and then changes something too. After each step what either
// has been told is held against the store: sequence numbers, UIDs, flags,
// modseqs. With QRESYNC the watcher goes away at random and comes back.
func TestIMAPTwoClients(t *testing.T) {
	seed := *twoSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	for i, mode := range []twoMode{
		{},
		{condStore: true},
		{condStore: true, qresync: true},
		{condStore: true, qresync: true, uidOnly: true},
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			steps := *twoSteps
			if testing.Short() {
				steps /= 10
			}
			two := newTwo(t, mode, seed, uint64(i))
			for range steps {
				two.step()
			}
		})
	}
}

// A change of more messages than the store lists at once arrives whole.
func TestIMAPManyChanges(t *testing.T) {
	t.Parallel()
	two := newTwo(t, twoMode{condStore: true, qresync: true}, 1, 0)
	for range 8 {
		two.actor.run("COPY 1:* INBOX")
	}
	two.watcher.run("NOOP")
	two.actor.learn()
	two.watcher.learn()
	two.actor.run("STORE 1:* +FLAGS ($All)")
	two.changes++
	two.watcher.check()
	two.actor.run("UID STORE 100:1100 +FLAGS (\\Deleted)")
	two.actor.run("UID EXPUNGE 1:*")
	two.changes++
	two.watcher.comeBack()
	two.watcher.check()
	two.actor.check()
}

// The ranges of what vanished outlive a restart, and so does what a client that was away is told.
func TestIMAPResyncAfterRestart(t *testing.T) {
	t.Parallel()
	two := newTwo(t, twoMode{condStore: true, qresync: true}, 1, 0)
	two.watcher.check()
	two.watcher.conn.Close()
	two.actor.run("STORE 2,4 +FLAGS (\\Deleted)")
	two.actor.run("EXPUNGE")
	two.actor.run("STORE 1 +FLAGS ($New)")
	two.deliver()
	copied := filepath.Join(t.TempDir(), fileName)
	two.must(two.a.store.Backup(context.Background(), copied))
	two.a = startTest(t, func(o *options) { o.data = copied })
	two.watcher.resync(fmt.Sprintf("%d %d", two.box.UIDValidity, two.watcher.highest), false)
	two.watcher.check()
}

// twoMode is what the watcher enables; the other client always has CONDSTORE only.
type twoMode struct{ condStore, qresync, uidOnly bool }

func (m twoMode) String() string {
	switch {
	case m.uidOnly:
		return "uidonly"
	case m.qresync:
		return "qresync"
	case m.condStore:
		return "condstore"
	}
	return "plain"
}

// two is one run.
type two struct {
	t       *testing.T
	a       *testAppliance
	seed    uint64
	rnd     *rand.Rand
	trace   []string // the last lines of both
	box     store.Mailbox
	archive store.Mailbox
	account store.Account
	actor   *mirror
	watcher *mirror
	changes int // so far, whoever made them
}

func newTwo(t *testing.T, mode twoMode, seed, part uint64) *two {
	a := startWithAna(t)
	x := &two{t: t, a: a, seed: seed, rnd: rand.New(rand.NewPCG(seed, part))}
	x.must(a.store.Set(context.Background(), "imap.show", "UIDONLY"))
	ctx := context.Background()
	var err error
	x.account, err = a.store.Account(ctx, message.Address{Local: "ana", Domain: "example.test"})
	x.must(err)
	x.box, err = a.store.Mailbox(ctx, x.account.ID, "INBOX")
	x.must(err)
	x.archive, err = a.store.Mailbox(ctx, x.account.ID, "Archive")
	x.must(err)
	x.actor = &mirror{two: x, name: "A", mode: twoMode{condStore: true}}
	x.watcher = &mirror{two: x, name: "W", mode: mode}
	for range 5 {
		x.deliver()
	}
	x.actor.connect("SELECT INBOX (CONDSTORE)")
	x.watcher.connect(x.watcher.plainSelect())
	return x
}

func (x *two) must(err error) {
	x.t.Helper()
	if err != nil {
		x.failf("%v", err)
	}
}

func (x *two) failf(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("seed %d (-two.seed=%d)\n%s\n%s", x.seed, x.seed, strings.Join(x.trace, "\n"), fmt.Sprintf(format, args...))
}

// note keeps the last lines.
func (x *two) note(who, line string) {
	if len(x.trace) == 60 {
		x.trace = slices.Delete(x.trace, 0, 1)
	}
	x.trace = append(x.trace, who+" "+strings.TrimRight(line, "\r\n"))
}

// step is one change and one look.
func (x *two) step() {
	idle := x.rnd.IntN(4) == 0
	if idle {
		x.watcher.begin("IDLE")
		x.watcher.until("+")
	}
	for range 1 + x.rnd.IntN(3) {
		x.change()
	}
	switch {
	case idle:
		x.watcher.endIdle(x.rnd.IntN(2) == 0)
	case x.watcher.mode.qresync && x.rnd.IntN(6) == 0:
		x.watcher.comeBack()
	default:
		x.watcher.look()
	}
	x.watcher.check()
	x.actor.check()
}

// change is something that happens to the mailbox.
func (x *two) change() {
	x.changes++
	switch n := x.rnd.IntN(10); {
	case n == 0:
		x.deliver()
	case n == 1: // somebody puts back what was archived
		v := x.view(x.archive.ID)
		_, err := x.a.store.Move(context.Background(), x.archive.ID, v.UIDs, x.box.ID)
		x.must(err)
	default:
		x.actor.act()
	}
}

func (x *two) deliver() {
	x.note("*", "delivery")
	const body = "Subject: delivered\r\n\r\nx\r\n"
	x.must(x.a.store.Accept(context.Background(), store.Incoming{
		Body: io.NewSectionReader(strings.NewReader(body), 0, int64(len(body))), Deliver: []store.Delivery{{Account: x.account.ID}},
	}))
}

func (x *two) view(box store.MailboxID) store.View {
	v, err := x.a.store.View(context.Background(), box)
	x.must(err)
	return v
}

// truth is the mailbox as the store has it.
func (x *two) truth() ([]mirrored, store.View) {
	ctx := context.Background()
	v := x.view(x.box.ID)
	names, err := x.a.store.Keywords(ctx, x.box.ID)
	x.must(err)
	rows, err := x.a.store.Page(ctx, x.box.ID, v.UIDs, 1, v.UIDs.Len()+1, 0, nil)
	x.must(err)
	list := make([]mirrored, len(rows))
	for i, m := range rows {
		list[i] = mirrored{uid: m.UID, flags: flagText(m.Flags, names), known: true, modSeq: m.ModSeq}
	}
	return list, v
}

func flagText(f store.Flags, keywords []string) string {
	var list []string
	for bit, name := range map[store.Flags]string{
		store.Seen: `\Seen`, store.Answered: `\Answered`, store.Flagged: `\Flagged`, store.Deleted: `\Deleted`, store.Draft_: `\Draft`,
	} {
		if f&bit != 0 {
			list = append(list, name)
		}
	}
	for i, name := range keywords {
		if f&(1<<(store.KeywordBit+i)) != 0 {
			list = append(list, name)
		}
	}
	return sortedFlags(list)
}

// sortedFlags is a set of flags without \Recent, which is not the mailbox's.
func sortedFlags(list []string) string {
	list = slices.DeleteFunc(list, func(f string) bool { return f == `\Recent` })
	slices.Sort(list)
	return strings.Join(list, " ")
}

// act does something to the mailbox.
func (m *mirror) act() {
	set, ok := m.someMessages()
	kind := m.rnd.IntN(12)
	switch {
	case kind < 2 || !ok:
		m.append()
	case kind < 7:
		m.store(set)
	case kind == 7:
		m.run("EXPUNGE")
	case kind == 8:
		m.run("UID EXPUNGE %s", set.uids)
	case kind == 9:
		m.run("%s Archive", set.command("MOVE"))
	case kind == 10 && len(m.list) < 60:
		m.run("%s INBOX", set.command("COPY"))
	default:
		m.run("%s INBOX", set.command("MOVE"))
	}
}

// messages are some of the list in both kinds of numbers.
type messages struct {
	at   []int
	seqs string
	uids string
	uid  bool // the command is to use UIDs
}

func (s messages) command(name string) string {
	if s.uid {
		return "UID " + name + " " + s.uids
	}
	return name + " " + s.seqs
}

// someMessages picks messages that are known by UID.
func (m *mirror) someMessages() (s messages, ok bool) {
	s.uid = m.mode.uidOnly || m.rnd.IntN(2) == 0
	for range 1 + m.rnd.IntN(4) {
		if len(m.list) == 0 {
			return s, false
		}
		at := m.rnd.IntN(len(m.list))
		if m.list[at].uid == 0 {
			return s, false
		}
		s.at = append(s.at, at)
	}
	slices.Sort(s.at)
	s.at = slices.Compact(s.at)
	var seqs, uids []string
	for _, at := range s.at {
		seqs = append(seqs, fmt.Sprint(at+1))
		uids = append(uids, fmt.Sprint(m.list[at].uid))
	}
	s.seqs, s.uids = strings.Join(seqs, ","), strings.Join(uids, ",")
	return s, true
}

func (m *mirror) append() {
	const body = "Subject: x\r\n\r\nx\r\n"
	m.run("APPEND INBOX (%s) {%d+}\r\n%s", m.someFlags(), len(body), body)
}

func (m *mirror) someFlags() string {
	all := []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`, "a", "b", "$c", "d"}
	m.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return strings.Join(all[:m.rnd.IntN(3)], " ")
}

// store changes flags, sometimes on a condition that is held against the store.
func (m *mirror) store(s messages) {
	item := []string{"", "+", "-"}[m.rnd.IntN(3)] + "FLAGS" + []string{"", ".SILENT"}[m.rnd.IntN(2)]
	flags := m.someFlags()
	if strings.HasSuffix(item, ".SILENT") {
		m.assume(s, item[0], flags)
	}
	if !m.mode.condStore || m.rnd.IntN(3) > 0 {
		m.run("%s %s (%s)", s.command("STORE"), item, flags)
		return
	}
	truth, v := m.truth()
	since := m.rnd.Int64N(v.ModSeq + 1)
	var want []string
	for i, at := range s.at {
		gone := !slices.ContainsFunc(truth, func(e mirrored) bool { return e.uid == m.list[at].uid })
		changed := slices.ContainsFunc(truth, func(e mirrored) bool { return e.uid == m.list[at].uid && e.modSeq > since })
		if changed || gone && !s.uid {
			want = append(want, strings.Split(map[bool]string{true: s.uids, false: s.seqs}[s.uid], ",")[i])
		}
	}
	m.run("%s (UNCHANGEDSINCE %d) %s (%s)", s.command("STORE"), since, item, flags)
	m.checkModified(want)
}

func (m *mirror) checkModified(want []string) {
	got, ok := strings.CutPrefix(m.code, "MODIFIED ")
	if !ok {
		got = ""
	}
	var set, wanted uidset.Set
	if got != "" {
		set = m.parseSet(got)
	}
	if len(want) > 0 {
		wanted = m.parseSet(strings.Join(want, ","))
	}
	if set.AndNot(wanted).Len() > 0 || wanted.AndNot(set).Len() > 0 {
		m.failf("%s: MODIFIED %s, want %v", m.name, got, want)
	}
}

// assume does with the list what STORE with .SILENT will do: the client is
// told only where something else came of it.
func (m *mirror) assume(s messages, op byte, flags string) {
	for _, at := range s.at {
		m.list[at].flags = edited(m.list[at].flags, op, flags)
	}
}

func edited(flags string, op byte, change string) string {
	have, by := strings.Fields(flags), strings.Fields(change)
	switch op {
	case '+':
		have = append(have, by...)
	case '-':
		have = slices.DeleteFunc(have, func(f string) bool { return slices.Contains(by, f) })
	default:
		have = by
	}
	slices.Sort(have)
	return sortedFlags(slices.Compact(have))
}
