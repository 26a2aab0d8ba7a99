package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
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
			two := newTwo(t, mode, seed+uint64(i))
			for range steps {
				two.step()
			}
		})
	}
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

func newTwo(t *testing.T, mode twoMode, seed uint64) *two {
	a := startWithAna(t)
	x := &two{t: t, a: a, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1))}
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

// mirrored is a message as a client knows it.
type mirrored struct {
	uid    uint32 // 0 while unknown
	known  bool   // flags and modSeq
	flags  string
	modSeq int64
}

// mirror is a client and what it was told.
type mirror struct {
	*two
	name    string
	mode    twoMode
	conn    net.Conn
	r       *bufio.Reader
	tag     int
	command string // that runs
	list    []mirrored
	highest int64 // every change up to here was told
	asOf    int   // two.changes when it was last told of everything
	code    string
}

// connect logs in, selects, and asks for everything.
func (m *mirror) connect(selectCommand string) {
	m.logIn()
	m.run("%s", selectCommand)
	m.learn()
}

// logIn makes a connection and enables what the mode asks.
func (m *mirror) logIn() {
	c, err := net.Dial("tcp", m.a.addr("imap"))
	m.must(err)
	m.t.Cleanup(func() { c.Close() })
	m.conn, m.r = c, bufio.NewReader(c)
	m.until("* OK")
	m.run("LOGIN ana@example.test secret")
	if m.mode.qresync {
		m.run("ENABLE QRESYNC")
	}
	if m.mode.uidOnly {
		m.run("ENABLE UIDONLY")
	}
}

func (m *mirror) plainSelect() string {
	if m.mode.condStore {
		return "SELECT INBOX (CONDSTORE)"
	}
	return "SELECT INBOX"
}

func (m *mirror) begin(command string) {
	m.tag++
	m.command = command
	line := fmt.Sprintf("%s%d %s\r\n", m.name, m.tag, command)
	m.note(">", line)
	_, err := io.WriteString(m.conn, line)
	m.must(err)
}

// run runs a command and takes in its answers; it tells whether it was OK.
func (m *mirror) run(format string, args ...any) bool {
	m.begin(fmt.Sprintf(format, args...))
	return m.finish()
}

func (m *mirror) finish() bool {
	tag := fmt.Sprintf("%s%d ", m.name, m.tag)
	answer := strings.TrimPrefix(m.until(tag), tag)
	m.code = ""
	if _, rest, ok := strings.Cut(answer, "["); ok {
		m.code, _, _ = strings.Cut(rest, "]")
		m.readCode(m.code)
	}
	if strings.HasPrefix(answer, "BAD") {
		m.failf("BAD")
	}
	if !m.byNumber() {
		m.asOf = m.changes
	}
	return strings.HasPrefix(answer, "OK")
}

// until takes in lines up to one that begins with prefix.
func (m *mirror) until(prefix string) string {
	for {
		line := m.line()
		if strings.HasPrefix(line, prefix) {
			return line
		}
		m.take(line)
	}
}

func (m *mirror) line() string {
	m.must(m.conn.SetReadDeadline(time.Now().Add(patience)))
	line, err := m.r.ReadString('\n')
	m.note(m.name, line)
	m.must(err)
	return strings.TrimRight(line, "\r\n")
}

// take takes in an untagged response.
func (m *mirror) take(line string) {
	words := append(strings.SplitN(line, " ", 4), "", "")
	if len(words) < 4 || words[0] != "*" {
		m.failf("%s: what is that?", m.name)
	}
	number, _ := strconv.ParseUint(words[1], 10, 32)
	switch {
	case words[1] == "OK":
		code, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(line, "* OK "), "["), "]")
		m.readCode(code)
	case words[1] == "VANISHED":
		m.takeVanished(strings.Fields(line)[2:])
	case words[2] == "EXISTS":
		m.takeExists(int(number))
	case words[2] == "EXPUNGE":
		m.takeExpunge(int(number))
	case words[2] == "FETCH" && !m.mode.uidOnly:
		if m.resyncing() {
			number = uint64(m.place(uint32(m.number(between(words[3], "UID ", " )")))))
		}
		m.takeFetch(int(number), words[3])
	case words[2] == "UIDFETCH" && m.mode.uidOnly:
		m.takeFetch(m.place(uint32(number)), words[3])
	case words[2] == "FETCH" || words[2] == "UIDFETCH":
		m.failf("%s: not in this mode", m.name)
	}
}

func (m *mirror) readCode(code string) {
	if n, ok := strings.CutPrefix(code, "HIGHESTMODSEQ "); ok {
		m.highest = max(m.highest, m.number(n))
	}
}

func (m *mirror) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	m.must(err)
	return n
}

func (m *mirror) takeExists(n int) {
	if n < len(m.list) {
		m.failf("%s: EXISTS %d after %d", m.name, n, len(m.list))
	}
	for len(m.list) < n {
		m.list = append(m.list, mirrored{})
	}
}

// byNumber tells a command during which no removal may be told (RFC 3501 §7.4.1).
func (m *mirror) byNumber() bool {
	word, _, _ := strings.Cut(m.command, " ")
	return word == "FETCH" || word == "STORE" || word == "SEARCH"
}

func (m *mirror) takeExpunge(n int) {
	if m.mode.qresync || m.byNumber() || n < 1 || n > len(m.list) {
		m.failf("%s: EXPUNGE here", m.name)
	}
	m.list = slices.Delete(m.list, n-1, n)
}

// find finds a UID in the list; messages not known yet stand at its end.
func (m *mirror) find(uid uint32) (int, bool) {
	return slices.BinarySearchFunc(m.list, uid, func(e mirrored, uid uint32) int {
		if e.uid == 0 {
			return 1
		}
		return cmp.Compare(e.uid, uid)
	})
}

func (m *mirror) takeVanished(words []string) {
	if !m.mode.qresync {
		m.failf("%s: VANISHED here", m.name)
	}
	earlier := words[0] == "(EARLIER)"
	if earlier && !m.resyncing() && !strings.Contains(m.command, "VANISHED") || !earlier && m.byNumber() {
		m.failf("%s: VANISHED here", m.name)
	}
	m.parseSet(words[len(words)-1]).All(func(uid uint32) bool {
		at, found := m.find(uid)
		switch {
		case found && earlier && !m.resyncing():
			m.failf("%s: message %d is still to be seen, and vanished earlier", m.name, uid)
		case found:
			m.list = slices.Delete(m.list, at, at+1)
		case !earlier && len(m.list) > 0 && m.list[len(m.list)-1].uid == 0: // told of, but not known by UID
			m.list = m.list[:len(m.list)-1]
		case !earlier:
			m.failf("%s: message %d vanished and was not there", m.name, uid)
		}
		return uid < 1<<20 // as far as any message here
	})
}

func (m *mirror) parseSet(s string) uidset.Set {
	var ranges []uidset.Range
	for _, part := range strings.Split(s, ",") {
		lo, hi, two := strings.Cut(part, ":")
		if !two {
			hi = lo
		}
		ranges = append(ranges, uidset.Range{Lo: uint32(m.number(lo)), Hi: uint32(m.number(hi))})
	}
	return uidset.Of(ranges...)
}

// takeFetch takes in what a FETCH response tells of message n.
func (m *mirror) takeFetch(n int, items string) {
	if n < 1 || n > len(m.list) {
		m.failf("%s: no message %d", m.name, n)
	}
	e := &m.list[n-1]
	if uid := between(items, "UID ", " )"); uid != "" {
		if e.uid != 0 && e.uid != uint32(m.number(uid)) {
			m.failf("%s: message %d has UID %d", m.name, n, e.uid)
		}
		e.uid = uint32(m.number(uid))
	}
	modSeq := between(items, "MODSEQ (", ")")
	if flags, ok := strings.CutPrefix(items[max(strings.Index(items, "FLAGS ("), 0):], "FLAGS ("); ok {
		flags, _, _ = strings.Cut(flags, ")")
		e.flags = sortedFlags(strings.Fields(flags))
		e.known = true
		if (modSeq == "") == m.mode.condStore {
			m.failf("%s: MODSEQ must come with what changed after CONDSTORE, and only then", m.name)
		}
	}
	if modSeq != "" {
		e.modSeq = m.number(modSeq)
	}
}

// resyncing tells whether the command is SELECT with QRESYNC, in which messages come by UID.
func (m *mirror) resyncing() bool { return strings.HasPrefix(m.command, "SELECT INBOX (QRESYNC") }

// place is the number of a message by its UID; SELECT with QRESYNC tells of new ones, too.
func (m *mirror) place(uid uint32) int {
	at, found := m.find(uid)
	switch {
	case found:
	case m.resyncing():
		m.list = slices.Insert(m.list, at, mirrored{uid: uid})
	default:
		m.failf("%s: no message %d", m.name, uid)
	}
	return at + 1
}

// between is what stands after prefix up to one of the ends.
func between(s, prefix, ends string) string {
	i := strings.Index(s, prefix)
	if i < 0 || i > 0 && s[i-1] != ' ' && s[i-1] != '(' {
		return ""
	}
	s = s[i+len(prefix):]
	if j := strings.IndexAny(s, ends); j >= 0 {
		s = s[:j]
	}
	return s
}

// learn asks for what was only counted.
func (m *mirror) learn() {
	first := slices.IndexFunc(m.list, func(e mirrored) bool { return !e.known })
	if first < 0 {
		return
	}
	items := "(UID FLAGS)"
	if m.mode.condStore {
		items = "(UID FLAGS MODSEQ)"
	}
	if m.mode.uidOnly {
		m.learnByUID(first, items)
		return
	}
	m.run("FETCH %d:* %s", first+1, items)
}

// learnByUID is learn without sequence numbers: UIDs found by SEARCH take the unknown places.
func (m *mirror) learnByUID(first int, items string) {
	after := uint32(0)
	if first > 0 {
		after = m.list[first-1].uid
	}
	m.begin(fmt.Sprintf("UID SEARCH UID %d:*", after+1))
	found := m.until("* SEARCH")
	m.finish()
	var uids []string
	for _, f := range strings.Fields(found)[2:] {
		if uint32(m.number(f)) > after { // "*" names the last one, whatever stands before it
			uids = append(uids, f)
		}
	}
	m.list = m.list[:first]
	for _, f := range uids {
		m.list = append(m.list, mirrored{uid: uint32(m.number(f))})
	}
	if len(uids) > 0 {
		m.run("UID FETCH %s %s", strings.Join(uids, ","), items)
	}
}

// endIdle ends IDLE, with patience once everything was told.
func (m *mirror) endIdle(patient bool) {
	for patient {
		truth, _ := m.truth()
		if m.difference(truth) == "" {
			break
		}
		m.take(m.line())
	}
	_, err := io.WriteString(m.conn, "DONE\r\n")
	m.must(err)
	m.finish()
}

// look asks for news in one way or another.
func (m *mirror) look() {
	n := len(m.list)
	switch kind := m.rnd.IntN(7); {
	case kind == 0 && !m.mode.uidOnly && n > 0:
		m.run("FETCH 1:%d (UID%s)", n, m.flagsItem())
	case kind == 1:
		m.run("UID FETCH 1:* (UID%s)", m.flagsItem())
	case kind == 2 && !m.mode.uidOnly:
		m.run("SEARCH SEEN")
	case kind == 3 && m.mode.condStore:
		m.searchModSeq()
	case kind == 4 && m.mode.qresync:
		m.run("UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE %d VANISHED)", 1+m.rnd.Int64N(m.highest))
	case kind == 5:
		m.changes++
		m.act()
	default:
		m.run("NOOP")
	}
}

func (m *mirror) flagsItem() string {
	if m.mode.condStore {
		return " FLAGS MODSEQ"
	}
	return " FLAGS"
}

// searchModSeq holds SEARCH MODSEQ against the store.
func (m *mirror) searchModSeq() {
	m.run("NOOP")
	truth, v := m.truth()
	since := 1 + m.rnd.Int64N(v.ModSeq)
	m.begin(fmt.Sprintf("UID SEARCH MODSEQ %d", since))
	got := m.until("* SEARCH")
	m.finish()
	want, highest := "* SEARCH", int64(0)
	for _, e := range truth {
		if e.modSeq >= since {
			want += fmt.Sprint(" ", e.uid)
			highest = max(highest, e.modSeq)
		}
	}
	if highest > 0 {
		want += fmt.Sprintf(" (MODSEQ %d)", highest)
	}
	if got != want {
		m.failf("want %s", want)
	}
}

// check holds what the client knows against the store.
func (m *mirror) check() {
	if m.asOf != m.changes {
		m.run("NOOP") // what happened since, or could not be told then
	}
	for slices.ContainsFunc(m.list, func(e mirrored) bool { return !e.known }) {
		m.learn()
	}
	truth, v := m.truth()
	if d := m.difference(truth); d != "" {
		m.failf("%s: %s\nknown %v\nstore %v", m.name, d, m.list, truth)
	}
	for _, e := range m.list {
		m.highest = max(m.highest, e.modSeq)
	}
	if m.highest > v.ModSeq {
		m.failf("%s: modseq %d of %d", m.name, m.highest, v.ModSeq)
	}
}

// difference is how the list and the store disagree. What is only counted agrees with anything.
func (m *mirror) difference(truth []mirrored) string {
	if len(m.list) != len(truth) {
		return fmt.Sprintf("%d messages, %d in the store", len(m.list), len(truth))
	}
	for i, e := range m.list {
		want := truth[i]
		if e.uid != 0 && e.uid != want.uid || e.known && e.flags != want.flags || e.known && m.mode.condStore && e.modSeq != want.modSeq {
			return fmt.Sprintf("message %d is %+v, in the store %+v", i+1, e, want)
		}
	}
	return ""
}

// comeBack loses the connection and returns with QRESYNC.
func (m *mirror) comeBack() {
	since := m.highest
	listed := m.rnd.IntN(3)
	if listed == 1 && !m.mode.uidOnly && len(m.list) > 0 && m.rnd.IntN(2) == 0 {
		// It sees modseqs above removals that it may not be told of in this
		// command, and takes them for where it stands. Its list of UIDs makes up for it.
		m.run("FETCH 1:%d (UID FLAGS MODSEQ)", len(m.list))
		m.learn()
		for _, e := range m.list {
			since = max(since, e.modSeq)
		}
	}
	m.conn.Close()
	m.note("*", "the connection is lost")
	for range m.rnd.IntN(4) {
		m.change()
	}
	known := m.list
	parameter := fmt.Sprintf("%d %d", m.box.UIDValidity, since)
	if len(known) == 0 {
		listed = 0
	}
	switch listed {
	case 1: // what it knows
		var uids []uidset.Range
		for _, e := range known {
			uids = append(uids, uidset.Range{Lo: e.uid, Hi: e.uid})
		}
		parameter += " " + setText(uidset.Of(uids...))
	case 2: // up to the last it knows
		parameter += fmt.Sprintf(" 1:%d", known[len(known)-1].uid)
	}
	if listed > 0 && !m.mode.uidOnly && m.rnd.IntN(2) == 0 {
		parameter += fmt.Sprintf(" (1,%d 1,%d)", len(known), known[len(known)-1].uid)
	}
	m.resync(parameter, listed > 0)
}

// resync selects, takes in the difference, and asks for new messages if it was not told of them.
func (m *mirror) resync(parameter string, listed bool) {
	m.logIn()
	exists := m.selectResync("SELECT INBOX (QRESYNC (" + parameter + "))")
	if listed { // RFC 7162 §3.2.5: nothing of messages that are not in the list
		m.takeExists(exists)
	}
	if len(m.list) != exists {
		m.failf("%s: %d messages, EXISTS %d", m.name, len(m.list), exists)
	}
}

// selectResync runs SELECT; its EXISTS counts what the answers after it bring.
func (m *mirror) selectResync(command string) (exists int) {
	m.begin(command)
	tag := fmt.Sprintf("%s%d ", m.name, m.tag)
	for {
		line := m.line()
		switch {
		case strings.HasPrefix(line, tag):
			if !strings.HasPrefix(line, tag+"OK") {
				m.failf("%s: not OK", m.name)
			}
			return exists
		case strings.HasSuffix(line, " EXISTS"):
			exists = int(m.number(strings.Fields(line)[1]))
		default:
			m.take(line)
		}
	}
}

func setText(s uidset.Set) string {
	var parts []string
	for _, r := range s.Ranges() {
		parts = append(parts, fmt.Sprintf("%d:%d", r.Lo, r.Hi))
	}
	return strings.Join(parts, ",")
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
