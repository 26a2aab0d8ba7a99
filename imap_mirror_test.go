package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"buzon/internal/uidset"
)

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
	stands  int64 // the last HIGHESTMODSEQ of the command, 0 for none
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
	m.command, m.stands = command, 0
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
		m.stands = m.number(n)
		m.highest = max(m.highest, m.stands)
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
	m.learn()
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
	if !m.mode.uidOnly && len(m.list) > 0 && m.rnd.IntN(2) == 0 {
		// It sees modseqs above removals that it may not be told of in this
		// command, and takes them for where it stands, unless it is told (RFC 7162 §3.2.5.1).
		m.learn()
		m.run("FETCH 1:%d (UID FLAGS MODSEQ)", len(m.list))
		for _, e := range m.list {
			since = max(since, e.modSeq)
		}
		if m.stands > 0 {
			since = m.stands
		}
		m.learn() // what came meanwhile
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
