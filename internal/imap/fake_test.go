package imap

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"

	"buzon/internal/message"
	"buzon/internal/uidset"
)

// fakeBackend is the smallest Backend: one account, ana with password secret,
// everything in memory under one lock.
type fakeBackend struct {
	mu     sync.Mutex
	boxes  map[string]*fakeMailbox
	modSeq int64
	hidden []string
	limit  int64        // APPENDLIMIT
	fail   error        // of Store and Copy
	named  []string     // by which programs
	left   atomic.Int64 // sessions that ended

	watches map[*func()]struct{}

	annotations map[string]map[string][]byte // by mailbox, "" for the account
}

type fakeMailbox struct {
	f *fakeBackend
	Mailbox
	keywords []string
	messages []fakeMessage
	vanished []fakeVanished
	bells    map[int]func()
	gone     bool
	claimed  uint32 // UIDs below are no longer \Recent
}

type fakeMessage struct {
	Message
	body []byte
}

type fakeVanished struct {
	uid    uint32
	modSeq int64
}

// newFake makes INBOX, Drafts, Sent and Trash.
func newFake() *fakeBackend {
	f := &fakeBackend{boxes: map[string]*fakeMailbox{}, limit: 1 << 20, modSeq: 1}
	for name, use := range map[string]string{"INBOX": "", "Drafts": `\Drafts`, "Sent": `\Sent`, "Trash": `\Trash`} {
		f.add(name, use).Subscribed = true
	}
	return f
}

func (f *fakeBackend) add(name, use string) *fakeMailbox {
	b := &fakeMailbox{f: f, bells: map[int]func(){}, claimed: 1}
	b.Mailbox = Mailbox{Name: name, ID: name, UIDValidity: 7, UIDNext: 1, SpecialUse: use}
	f.boxes[name] = b
	return b
}

// deliver files a message and rings, as another session or SMTP would.
func (f *fakeBackend) deliver(box, body string, flags ...string) uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.boxes[box]
	uid := f.file(b, []byte(body), flags, time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	b.ring()
	return uid
}

func (f *fakeBackend) file(b *fakeMailbox, body []byte, flags []string, received time.Time) uint32 {
	f.modSeq++
	m := fakeMessage{body: body}
	m.UID, m.ModSeq, m.Size, m.Received = b.UIDNext, f.modSeq, int64(len(body)), received
	m.Saved, m.Thread = received, 1
	for _, name := range flags {
		m.Flags |= b.flag(name, true)
	}
	if s, err := message.Parse(bytes.NewReader(body), int64(len(body))); err == nil {
		m.Envelope, m.Structure = s.Envelope.AppendBinary(nil), s.Root.AppendBinary(nil)
		text, _ := message.Preview(bytes.NewReader(body), &s.Root)
		m.Preview, m.References = []byte(text), s.AppendThreadIDs([]byte{})
	}
	b.UIDNext++
	b.messages = append(b.messages, m)
	return m.UID
}

func (b *fakeMailbox) ring() {
	for _, ring := range b.bells {
		ring()
	}
	b.f.ring()
}

func (b *fakeMailbox) flag(name string, create bool) Flags {
	if i := slices.Index(systemFlags[:], name); i >= 0 {
		return 1 << i
	}
	i := slices.Index(b.keywords, name)
	if i < 0 && !create {
		return 0
	}
	if i < 0 {
		i, b.keywords = len(b.keywords), append(b.keywords, name)
	}
	return 1 << (KeywordBit + i)
}

// setFlags changes flags behind every session's back.
func (f *fakeBackend) setFlags(box string, uid uint32, flags ...string) {
	fb := &fakeBox{f: f, b: f.boxes[box]}
	fb.Store(context.Background(), uidset.Of(uidset.Range{Lo: uid, Hi: uid}), FlagsReplace, flags, -1)
}

// remove expunges a message behind every session's back.
func (f *fakeBackend) remove(box string, uid uint32) {
	f.setFlags(box, uid, `\Deleted`)
	fb := &fakeBox{f: f, b: f.boxes[box]}
	fb.Expunge(context.Background(), uidset.Of(uidset.Range{Lo: uid, Hi: uid}))
}

func (f *fakeBackend) Mechanisms(Peer) []string { return []string{"PLAIN"} }

func (f *fakeBackend) Authenticate(ctx context.Context, p Peer, _ string, done func(Account)) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		a, err := f.Login(ctx, p, user, password)
		if err == nil {
			done(a)
		}
		return err
	}), nil
}

func (f *fakeBackend) Login(_ context.Context, _ Peer, user, password string) (Account, error) {
	if user == "panic" {
		panic("as asked")
	}
	if user != "ana" || password != "secret" {
		return nil, ErrCredentials
	}
	return f, nil
}

func (f *fakeBackend) Name() string       { return "ana@example.test" }
func (f *fakeBackend) AppendLimit() int64 { return f.limit }

func (f *fakeBackend) Mailboxes(context.Context) ([]Mailbox, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Mailbox
	for _, b := range f.boxes {
		all = append(all, b.count())
	}
	slices.SortFunc(all, func(a, b Mailbox) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (b *fakeMailbox) count() Mailbox {
	m := b.Mailbox
	for i := range b.messages {
		m.Total++
		m.ModSeq = max(m.ModSeq, b.messages[i].ModSeq)
		m.Size += b.messages[i].Size
		if b.messages[i].Flags&Seen == 0 {
			m.Unseen++
		}
		if b.messages[i].Flags&Deleted != 0 {
			m.Deleted++
		}
	}
	for _, v := range b.vanished {
		m.ModSeq = max(m.ModSeq, v.modSeq)
	}
	return m
}

func (f *fakeBackend) find(name string) (*fakeMailbox, error) {
	if b := f.boxes[name]; b != nil {
		return b, nil
	}
	return nil, ErrNoMailbox
}

func (f *fakeBackend) Mailbox(_ context.Context, name string) (Mailbox, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(name)
	if err != nil {
		return Mailbox{}, err
	}
	m := b.count()
	m.ModSeq = f.modSeq
	return m, nil
}

func (f *fakeBackend) Recent(_ context.Context, name string) (n int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(name)
	if err != nil {
		return 0, err
	}
	for i := range b.messages {
		if b.messages[i].UID >= b.claimed {
			n++
		}
	}
	return n, nil
}

func (f *fakeBackend) Create(_ context.Context, name, use string) (Mailbox, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.boxes[name] != nil && !f.boxes[name].NonExistent {
		return Mailbox{}, ErrExists
	}
	if name == "" {
		return Mailbox{}, ErrBadName
	}
	f.ring()
	return f.add(name, use).Mailbox, nil
}

func (f *fakeBackend) Delete(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(name)
	if err != nil {
		return err
	}
	b.gone = true
	delete(f.boxes, name)
	b.ring()
	return nil
}

func (f *fakeBackend) Rename(_ context.Context, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(from)
	if err != nil {
		return err
	}
	if f.boxes[to] != nil {
		return ErrExists
	}
	delete(f.boxes, from)
	b.Name = to
	f.boxes[to] = b
	f.ring()
	return nil
}

func (f *fakeBackend) Subscribe(_ context.Context, name string, on bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.boxes[name] == nil {
		f.add(name, "").NonExistent = true
	}
	f.boxes[name].Subscribed = on
	f.ring()
	return nil
}

type fakeReceived struct{ body []byte }

func (r fakeReceived) Size() int64 { return int64(len(r.body)) }
func (r fakeReceived) Release()    {}

func (f *fakeBackend) Receive(_ context.Context, r io.Reader) (Received, error) {
	b, err := io.ReadAll(r)
	return fakeReceived{b}, err
}

func (f *fakeBackend) Append(_ context.Context, name string, drafts []Draft) (uint32, []uint32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(name)
	if err != nil {
		return 0, nil, err
	}
	if bytes.Contains(drafts[0].Body.(fakeReceived).body, []byte("OVERQUOTA")) {
		return 0, nil, ErrOverQuota
	}
	var uids []uint32
	for _, d := range drafts {
		uids = append(uids, f.file(b, d.Body.(fakeReceived).body, d.Flags, d.Received))
	}
	b.ring()
	return b.UIDValidity, uids, nil
}

func (f *fakeBackend) Open(_ context.Context, name string, claim bool) (Box, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(name)
	if err != nil {
		return nil, err
	}
	if b.NonExistent || b.NoSelect {
		return nil, ErrNoMailbox
	}
	box := &fakeBox{f: f, b: b, recentFrom: b.claimed}
	if claim {
		b.claimed = b.UIDNext
	}
	return box, nil
}

type fakeBox struct {
	f          *fakeBackend
	b          *fakeMailbox
	recentFrom uint32
}

func (x *fakeBox) View(context.Context) (View, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	var uids uidset.Builder
	for i := range x.b.messages {
		uids.Add(x.b.messages[i].UID)
	}
	v := View{Mailbox: x.b.count(), UIDs: uids.Set(), RecentFrom: x.recentFrom}
	for i := range x.b.messages {
		if x.b.messages[i].Flags&Seen == 0 {
			v.FirstUnseen = x.b.messages[i].UID
			break
		}
	}
	v.ModSeq = x.f.modSeq
	return v, nil
}

// Candidates knows nothing: the whole appliance's tests have an index.
func (x *fakeBox) Candidates(context.Context, uidset.Set, []Lookup) ([]Candidates, uidset.Set, error) {
	return nil, uidset.Set{}, nil
}

func (x *fakeBox) Keywords(context.Context) ([]string, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	return slices.Clone(x.b.keywords), nil
}

func (x *fakeBox) Changes(_ context.Context, since int64) (Changes, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	c := Changes{ModSeq: x.f.modSeq, UIDNext: x.b.UIDNext, Gone: x.b.gone}
	var gone uidset.Builder
	for _, v := range x.b.vanished {
		if v.modSeq > since {
			gone.Add(v.uid)
		}
	}
	c.Vanished = gone.Set()
	for i := range x.b.messages {
		if x.b.messages[i].ModSeq > since {
			c.Changed = append(c.Changed, x.b.messages[i].Message)
		}
	}
	if len(c.Changed) > 3 {
		var many uidset.Builder
		for i := range c.Changed {
			many.Add(c.Changed[i].UID)
		}
		c.Changed, c.Many = nil, many.Set()
	}
	return c, nil
}

func (x *fakeBox) Since(_ context.Context, since int64, uids uidset.Set) (changed, vanished uidset.Set, err error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	var now, gone uidset.Builder
	for i := range x.b.messages {
		if m := &x.b.messages[i]; m.ModSeq > since {
			now.Add(m.UID)
		}
	}
	for _, v := range x.b.vanished {
		if v.modSeq > since {
			gone.Add(v.uid)
		}
	}
	return now.Set().And(uids), gone.Set().And(uids), nil
}

func (x *fakeBox) Page(_ context.Context, uids uidset.Set, from uint32, limit int, _ Fields, buf []Message) ([]Message, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	for i := range x.b.messages {
		if m := x.b.messages[i].Message; limit > 0 && m.UID >= from && uids.Has(m.UID) {
			m.Body = int64(m.UID)
			buf = append(buf, m)
			limit--
		}
	}
	return buf, nil
}

func (x *fakeBox) Store(_ context.Context, uids uidset.Set, op FlagOp, flags []string, since int64) (Stored, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	if x.f.fail != nil {
		return Stored{}, x.f.fail
	}
	var want Flags
	var stored Stored
	var modified uidset.Builder
	for _, name := range flags {
		want |= x.b.flag(name, op != FlagsRemove)
	}
	x.f.modSeq++
	for i := range x.b.messages {
		m := &x.b.messages[i]
		if !uids.Has(m.UID) {
			continue
		}
		now := map[FlagOp]Flags{FlagsReplace: want, FlagsAdd: m.Flags | want, FlagsRemove: m.Flags &^ want}[op]
		if since >= 0 && m.ModSeq > since {
			modified.Add(m.UID)
		} else if now != m.Flags {
			m.Flags, m.ModSeq = now, x.f.modSeq
			stored.ModSeq = x.f.modSeq
		}
	}
	x.b.ring()
	stored.Modified = modified.Set()
	return stored, nil
}

func (x *fakeBox) Expunge(_ context.Context, uids uidset.Set) (uidset.Set, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	return x.drop(func(m *fakeMessage) bool { return uids.Has(m.UID) && m.Flags&Deleted != 0 }), nil
}

func (x *fakeBox) drop(which func(*fakeMessage) bool) uidset.Set {
	var gone uidset.Builder
	x.f.modSeq++
	x.b.messages = slices.DeleteFunc(x.b.messages, func(m fakeMessage) bool {
		if !which(&m) {
			return false
		}
		gone.Add(m.UID)
		x.b.vanished = append(x.b.vanished, fakeVanished{m.UID, x.f.modSeq})
		return true
	})
	slices.SortFunc(x.b.vanished, func(a, b fakeVanished) int { return int(a.uid) - int(b.uid) })
	x.b.ring()
	return gone.Set()
}

func (x *fakeBox) Copy(_ context.Context, uids uidset.Set, to string) (Copied, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	return x.copyTo(uids, to)
}

func (x *fakeBox) copyTo(uids uidset.Set, to string) (Copied, error) {
	if x.f.fail != nil {
		return Copied{}, x.f.fail
	}
	dst, err := x.f.find(to)
	if err != nil {
		return Copied{}, err
	}
	var a, b uidset.Builder
	for _, m := range slices.Clone(x.b.messages) {
		if uids.Has(m.UID) {
			a.Add(m.UID)
			b.Add(x.f.file(dst, m.body, nil, m.Received))
		}
	}
	dst.ring()
	return Copied{UIDValidity: dst.UIDValidity, From: a.Set(), To: b.Set()}, nil
}

func (x *fakeBox) Move(_ context.Context, uids uidset.Set, to string) (Copied, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	c, err := x.copyTo(uids, to)
	if err == nil {
		x.drop(func(m *fakeMessage) bool { return uids.Has(m.UID) && c.From.Has(m.UID) })
	}
	return c, err
}

func (x *fakeBox) Body(_ context.Context, id int64) (Body, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	for i := range x.b.messages {
		if m := &x.b.messages[i]; int64(m.UID) == id {
			return fakeBody{bytes.NewReader(m.body)}, nil
		}
	}
	return nil, ErrNoMessage
}

type fakeBody struct{ *bytes.Reader }

func (fakeBody) Release() {}

func (x *fakeBox) Watch(ring func()) (stop func()) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	id := len(x.b.bells) + 1
	for x.b.bells[id] != nil {
		id++
	}
	x.b.bells[id] = ring
	return func() {
		x.f.mu.Lock()
		defer x.f.mu.Unlock()
		delete(x.b.bells, id)
	}
}

func (x *fakeBox) Close() {}
