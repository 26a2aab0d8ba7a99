package gate

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/smtpconn"
	"buzon/internal/store"
)

// wired is the gate behind a real SMTP server, as the appliance has it.
type wired struct {
	gate *Gate
	next atomic.Uint32 // the address of the next client
}

func line(r *message.Reply) string {
	if r == nil {
		return ""
	}
	return r.Error()
}

func (w *wired) guest(c *smtpconn.Conn) smtpconn.Guest {
	n := w.next.Add(1)
	client := netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)})
	switch n % 7 {
	case 0:
		client = netip.MustParseAddr(listedIP)
	case 1:
		client = netip.MustParseAddr(stranger)
	}
	s := w.gate.NewSession(context.Background(), client, c.Addr())
	c.Value = s
	refuse := s.Connect()
	return smtpconn.Guest{
		Refuse: line(refuse), Wait: s.GreetWait(), Closed: s.Close,
		Early: func() string { return line(s.Early()) },
		Said:  func(code int) string { return line(s.Said(code)) },
	}
}

// wiredSession does what smtp.go does.
type wiredSession struct {
	s *Session
	c *smtp.Conn
}

func (w *wired) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s := c.Conn().(*smtpconn.Conn).Value.(*Session)
	return wiredSession{s, c}, bare(s.Helo(c.Hostname()))
}

func bare(r *message.Reply) error {
	if r == nil {
		return nil
	}
	return &smtp.SMTPError{Code: r.Code, EnhancedCode: smtp.EnhancedCode(r.Enhanced), Message: r.Text}
}

func (wiredSession) Reset()        {}
func (wiredSession) Logout() error { return nil }
func (x wiredSession) Mail(from string, _ *smtp.MailOptions) error {
	a, err := message.ParseAddress(from)
	if err != nil {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 7}, Message: "no"}
	}
	return bare(x.s.Mail(a))
}

func (x wiredSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	a, err := message.ParseAddress(to)
	known := err == nil && a.Local == "ana"
	if reply := x.s.Rcpt(context.Background(), Recipient{Address: a, Known: known, Accounts: []store.AccountID{1}}); reply != nil {
		return bare(reply)
	}
	if !known {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no"}
	}
	return nil
}

func (x wiredSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, x.c.Conn().(*smtpconn.Conn).Message(r)); err != nil {
		return err
	}
	x.s.Accepted(Outcome{})
	return nil
}

// serve runs it on loopback until the test ends.
func (w *wired) serve(t *testing.T) (address string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	wrapped := smtpconn.NewListener(l, smtpconn.Options{
		Name: func() string { return "mail.home.test" }, Size: func() int64 { return 1 << 20 },
		Idle: 300 * time.Millisecond, Data: 300 * time.Millisecond, CommandLine: 4096, Lifetime: 5 * time.Second, Rate: 1000, Guest: w.guest,
	})
	server := smtp.NewServer(w)
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "mail.home.test", true, nowhere{}
	ended := make(chan struct{})
	go func() { defer close(ended); server.Serve(wrapped) }()
	return l.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		wrapped.Drain()
		server.Shutdown(ctx)
		<-ended
	}
}

type nowhere struct{}

func (nowhere) Printf(string, ...any) {}
func (nowhere) Println(...any)        {}

// failures are what clients do wrong; "…" waits for a reply before it goes on, and the end hangs up.
var failures = []string{
	"",
	"QUIT\r\n",
	"…EHLO mx.far.test\r\n…",
	"…EHLO mail.home.test\r\n…MAIL FROM:<eva@far.test>\r\nRCPT TO:<ana@home.test>\r\n…",
	"…EHLO a b %\r\nMAIL FROM:<bad@far.test>\r\nRCPT TO:<ana@home.test>\r\n…",
	"…EHLO mx.far.test\r\nMAIL FROM:<bad@far.test>\r\nRCPT TO:<ana@home.test>\r\n…QUIT\r\n…",
	"…EHLO mx.far.test\r\nMAIL FROM:<eva@far.test>\r\nRCPT TO:<guess1@home.test>\r\nRCPT TO:<guess2@home.test>\r\nRCPT TO:<guess3@home.test>\r\n…",
	"…HELO mx.far.test\r\n…MAIL FROM:<eva@far.test>\r\n…RCPT TO:<ana@home.test>\r\n…DATA\r\n…half a mess",
	"…EHLO mx.far.test\r\n…MAIL FROM:<eva@far.test>\r\n…RCPT TO:<ana@home.test>\r\n…BDAT 1000\r\nhalf",
	"…NONSENSE\r\nMORE\r\nAND MORE\r\nRCPT\r\nDATA\r\nSTARTTLS\r\nAUTH PLAIN\r\n…",
	"…EHLO " + strings.Repeat("x", 300) + "\r\n" + strings.Repeat("y", 9000),
	"…EHLO mx.far.test\r\nMAIL FROM:<eva@slow.test>\r\nRCPT TO:<ana@home.test>\r\n", // hangs up while DNS is asked
	"…EH", // and falls silent
}

// fail is one client. It ends when the server is done with it, or by itself.
func fail(address, script string, silent bool) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 4096)
	for i, piece := range strings.Split(script, "…") {
		if i > 0 {
			if _, err := c.Read(buf); err != nil {
				return nil // it was sent away
			}
		}
		if _, err := io.WriteString(c, piece); err != nil {
			return nil
		}
	}
	if silent {
		io.Copy(io.Discard, c)
	}
	return nil
}

// sometimes is a DNS that is silent for every third client.
type sometimes struct {
	*dns.Map
	n atomic.Uint32
}

func (s *sometimes) PTR(ctx context.Context, a netip.Addr) (dns.Answer[string], error) {
	if s.n.Add(1)%3 == 0 {
		<-ctx.Done()
		return dns.Answer[string]{}, dns.ErrTemporary
	}
	return s.Map.PTR(ctx, a)
}

type cost struct {
	goroutines, files int
	heap              uint64
}

func costs(t *testing.T) (c cost) {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not tell its file handles")
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what had a finalizer
	runtime.ReadMemStats(&m)
	return cost{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// 1,000 sessions that fail in every way leave memory, goroutines and file handles where they were.
func TestThousandFailures(t *testing.T) {
	h := home{access: map[string]store.Access{"bad@far.test": {Block: rule(0)}}}
	set := settings()
	g := at(&h, func(o *Options) {
		o.Resolver, o.Settings = &sometimes{Map: world()}, func() config.Settings { return set }
		l := &o.Limits
		l.GateTime, l.GreetWait, l.StrangerDelay, l.SlowDelay = 50*time.Millisecond, 2*time.Millisecond, 5*time.Millisecond, 5*time.Millisecond
		l.Sources = 50
	})
	o := g.Options.Store
	o.AddRefusals = func(context.Context, []store.Refusal) error { return nil }
	o.KeepAcquaintances = func(context.Context, []store.Acquaintance) error { return nil }
	g.journal.store = o
	stop := running(g)
	defer stop()
	w := &wired{gate: g}
	address, end := w.serve(t)
	defer end()

	batch := func(n int) {
		var all sync.WaitGroup
		at := make(chan struct{}, 40)
		for i := range n {
			at <- struct{}{}
			all.Go(func() {
				defer func() { <-at }()
				if err := fail(address, failures[i%len(failures)], rand.N(4) == 0); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	settled := func(before cost) (now cost) {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			g.journal.take() // what Run writes every ten seconds
			now = costs(t)
			if now.goroutines <= before.goroutines && now.files <= before.files || time.Now().After(deadline) {
				return now
			}
		}
	}
	rest := costs(t)
	batch(100) // what is allocated once
	first := settled(rest)
	batch(1000)
	now := settled(rest)
	t.Logf("at rest %+v, after 100 %+v, after 1,100 %+v; refused %v", rest, first, now, h.counted)
	if now.goroutines > rest.goroutines || now.files > rest.files {
		t.Errorf("left over: %+v, before %+v", now, rest)
	}
	if now.heap > first.heap+512<<10 {
		t.Errorf("heap grew from %d to %d", first.heap, now.heap)
	}
	if n := g.sources.Len(); n > 50 || len(g.delays)+len(g.turns) != 0 {
		t.Errorf("%d sources, %d delayed, %d looked up", n, len(g.delays), len(g.turns))
	}
	for _, reason := range []string{Blocked, Listed, Helo, Early, Rate, Errors} {
		if h.counted[reason] == 0 {
			t.Errorf("nobody was refused for %q: %v", reason, h.counted)
		}
	}
}
