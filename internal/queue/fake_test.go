package queue

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
	"buzon/internal/store"
	"buzon/internal/uidset"
)

// world is all other domains.
type world struct {
	refuse func(domain string) error                                                            // Open; nil: all answer
	answer func(domain string, to message.Address) message.Reply                                // nil: 250
	during func(ctx context.Context, domain string, m smtpclient.Mail) ([]message.Reply, error) // instead of answer; nil replies: as answer has it
	dsn    bool

	mu      sync.Mutex
	opens   []string // domains
	sent    []sent
	now     int // connections
	peak    int
	peakFor map[string]int
	nowFor  map[string]int
}

// sent is one envelope that arrived.
type sent struct {
	domain  string // of the connection
	session int
	at      time.Time
	subject string
	head    string // the first octets
	smtpclient.Mail
}

func (w *world) open(ctx context.Context, domain string) (Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opens = append(w.opens, domain)
	if w.refuse != nil {
		if err := w.refuse(domain); err != nil {
			return nil, err
		}
	}
	if w.nowFor == nil {
		w.nowFor, w.peakFor = map[string]int{}, map[string]int{}
	}
	w.now++
	w.nowFor[domain]++
	w.peak, w.peakFor[domain] = max(w.peak, w.now), max(w.peakFor[domain], w.nowFor[domain])
	return &session{world: w, domain: domain, number: len(w.opens)}, nil
}

// session is one connection to the world.
type session struct {
	*world
	domain string
	number int
	broken bool
}

func (s *session) Send(ctx context.Context, m smtpclient.Mail) (replies []message.Reply, err error) {
	head := make([]byte, 1000)
	n, _ := m.Body.ReadAt(head, 0)
	_, subject, _ := strings.Cut(string(head[:n]), "Subject: ")
	subject, _, _ = strings.Cut(subject, "\r\n")
	if s.during != nil {
		if replies, err = s.during(ctx, s.domain, m); err != nil {
			s.broken = true
			return replies, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, sent{domain: s.domain, session: s.number, at: time.Now(), subject: subject, head: string(head[:n]), Mail: m})
	if replies != nil {
		return replies, nil
	}
	for _, to := range m.To {
		reply := ok
		if s.answer != nil {
			reply = s.answer(s.domain, to.Address)
		}
		replies = append(replies, reply)
	}
	return replies, nil
}

func (s *session) Usable() bool    { return !s.broken }
func (s *session) Host() string    { return "mx." + s.domain }
func (s *session) TLS() string     { return "TLS 1.3" }
func (s *session) RelaysDSN() bool { return s.dsn }
func (s *session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	s.nowFor[s.domain]--
}

var (
	ok       = message.Reply{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Taken"}
	tryLater = message.Reply{Code: 450, Enhanced: [3]int{4, 2, 1}, Text: "Greylisted"}
	nobody   = message.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "No such person"}
	noAnswer = &Error{Reply: message.Reply{Code: 451, Enhanced: [3]int{4, 4, 1}, Text: "No answer"}, Host: "mx.down.test"}
)

// bed is a queue over a real file, in the world.
type bed struct {
	*testing.T
	*world
	q     *Queue
	store *store.Store
	path  string
	logs  bytes.Buffer
	end   func() error // of Run; nil before start
}

// newBed is for the inside of a synctest bubble.
func newBed(t *testing.T) *bed {
	b := &bed{T: t, world: &world{}, path: filepath.Join(t.TempDir(), "mail.db")}
	b.q = &Queue{
		Open:   b.open,
		Route:  func(_ context.Context, domain string) (string, int) { return domain, b.store.Settings().PerDomain },
		Name:   func() string { return "mail.example.test" },
		Log:    slog.New(slog.NewTextHandler(&b.logs, nil)),
		Jitter: func() float64 { return 0.5 },
		Grace:  10 * time.Second,
	}
	b.reopen()
	b.check(b.store.AddDomain(b.Context(), "example.test"))
	t.Cleanup(func() {
		if b.end != nil {
			b.end()
		}
		b.check(b.store.Close())
		if t.Failed() {
			log := b.logs.String()
			t.Log(log[max(0, len(log)-4000):])
		}
	})
	return b
}

// inBubble runs a test in a synctest bubble: hours cost nothing, and Wait tells when all is quiet.
func inBubble(t *testing.T, f func(b *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newBed(t)) })
}

func (b *bed) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bed) reopen() {
	b.Helper()
	s, err := store.Open(context.Background(), b.path, store.Options{})
	b.check(err)
	b.store, b.q.Store = s, s
}

func (b *bed) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.q.Run(ctx) }()
	b.end = func() error { cancel(); return <-done }
}

func (b *bed) stop() {
	b.Helper()
	if b.end != nil {
		b.check(b.end())
		b.end = nil
	}
}

// wait lets d pass, and then waits until all is quiet.
func (b *bed) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (b *bed) set(key, value string) {
	b.Helper()
	b.check(b.store.Set(b.Context(), key, value))
}

func (b *bed) account(name string) store.Account {
	b.Helper()
	acc, err := b.store.AddAccount(b.Context(), addr(name+"@example.test"), "correct horse battery")
	b.check(err)
	return acc
}

// queue queues one message of "ana" for each item of to; the recipients of one are separated by blanks.
func (b *bed) queue(to ...string) { b.Helper(); b.queueFrom("ana@example.test", to...) }

func (b *bed) queueFrom(from string, to ...string) {
	b.Helper()
	var out []store.Outgoing
	for i, list := range to {
		o := store.Outgoing{Prefix: fmt.Appendf(nil, "Subject: %d\r\n", i)}
		if from != "" {
			o.From = addr(from)
		}
		for word := range strings.FieldsSeq(list) {
			o.To = append(o.To, store.Recipient{Address: addr(word)})
		}
		out = append(out, o)
	}
	b.accept(out...)
}

func (b *bed) accept(out ...store.Outgoing) {
	b.Helper()
	text := "From: ana@example.test\r\nMessage-ID: <1@example.test>\r\n\r\nHello\r\n"
	b.check(b.store.Accept(b.Context(), store.Incoming{
		Body: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), Send: out, LogID: "m1",
	}))
}

// many is n messages to a domain.
func many(n int, domain string) (to []string) {
	for i := range n {
		to = append(to, fmt.Sprintf("u%d@%s", i, domain))
	}
	return to
}

func addr(s string) message.Address {
	a, err := message.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// count is how often domain was opened.
func (w *world) count(domain string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.opens {
		if d == domain {
			n++
		}
	}
	return n
}

func (w *world) attempts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.opens)
}

func (w *world) connections() (now, peak int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now, w.peak
}

// arrived is the subjects that reached a domain's recipients, in order.
func (w *world) arrived(domain string) (subjects []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		if s.To[0].Address.Domain == domain {
			subjects = append(subjects, s.subject)
		}
	}
	return subjects
}

func (b *bed) wantOpens(domain string, n int) {
	b.Helper()
	if got := b.count(domain); got != n {
		b.Fatalf("%s: %d attempts, want %d", domain, got, n)
	}
}

func (b *bed) wantArrived(domain string, n int) {
	b.Helper()
	if got := b.arrived(domain); len(got) != n {
		b.Fatalf("%s: %d messages arrived, want %d", domain, len(got), n)
	}
}

func (b *bed) wantQueued(n int64) {
	b.Helper()
	jobs, _, err := b.store.QueueSize(b.Context())
	b.check(err)
	if jobs != n {
		b.Fatalf("%d jobs are queued, want %d", jobs, n)
	}
}

// fates is the history in the order in which it happened: "u1@a.test deferred 450".
func (b *bed) fates() (list []string) {
	b.Helper()
	lines, err := b.store.History(b.Context(), store.HistoryQuery{Max: 1000})
	b.check(err)
	for _, h := range slices.Backward(lines) {
		word := [...]string{"", "delivered", "relayed", "deferred", "failed", "dropped"}[h.Fate]
		list = append(list, fmt.Sprintf("%s %s %d", h.To, word, h.Reply.Code))
	}
	return list
}

func (b *bed) wantFates(want ...string) {
	b.Helper()
	if got := b.fates(); !slices.Equal(got, want) {
		b.Fatalf("history %q\nwant %q", got, want)
	}
}

// mailbox is the text of what is in an account's INBOX.
func (b *bed) mailbox(acc store.Account) (texts []string) {
	b.Helper()
	box, err := b.store.Mailbox(b.Context(), acc.ID, "INBOX")
	b.check(err)
	all := uidset.Of(uidset.Range{Lo: 1, Hi: 1000})
	list, err := b.store.Page(b.Context(), box.ID, all, 1, 1000, store.WithMeta, nil)
	b.check(err)
	for _, m := range list {
		body, err := b.store.Body(b.Context(), m.Body)
		b.check(err)
		text, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
		b.check(err)
		body.Release()
		texts = append(texts, string(text))
	}
	return texts
}

// stop2 ends a Run that cannot write any more.
func (b *bed) stop2() {
	b.Helper()
	if err := b.end(); err == nil {
		b.Error("Run ended as if all was well")
	}
	b.end = nil
}

// jobs is what is queued for a domain.
func (b *bed) jobs(domain string) (ids []store.JobID) {
	b.Helper()
	b.check(b.store.Queue(b.Context(), func(q store.Queued) error {
		for _, j := range q.Jobs {
			if j.To.Domain == domain {
				ids = append(ids, j.ID)
			}
		}
		return nil
	}))
	return ids
}
