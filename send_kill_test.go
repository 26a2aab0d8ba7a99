package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// house is Buzon as a process, which is killed and started again on its one file.
type house struct {
	t          testing.TB
	world      world
	data, host string

	mu  sync.Mutex
	cmd *exec.Cmd // nil when it does not run
}

func newHouse(t testing.TB, w world) *house {
	t.Helper()
	h := &house{t: t, world: w, data: filepath.Join(t.TempDir(), "home.db"), host: freeAddress()}
	for _, args := range []string{"domain add example.test", "account add ana@example.test", "settings set send.per-day 0"} {
		if got := buzon(t, "a long password\n", append(words(args), "--data", h.data)...); got.status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	t.Cleanup(func() { h.kill() })
	return h
}

// start starts it, and has it try at once what waits: what was claimed before a kill would else be for its next round.
func (h *house) start() {
	h.t.Helper()
	if got := buzon(h.t, "", "queue", "retry", "--all", "--data", h.data); got.status != 0 && !strings.Contains(got.err, "nothing") {
		h.t.Fatalf("%+v", got)
	}
	cmd := processIn(h.t, h.world, "--ports", "high", "--listen", h.host, "--data", h.data)
	cmd.Stderr = h.t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	if err = cmd.Start(); err == nil {
		h.cmd = cmd
	}
	h.mu.Unlock()
	if err != nil {
		h.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd != nil { // else it was killed as soon
		h.t.Fatal("it did not start")
	}
}

// kill ends it as a power cut does, and returns when it is gone. It may be called from anywhere, and again.
func (h *house) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd != nil {
		h.cmd.Process.Kill()
		h.cmd.Wait()
		h.cmd = nil
	}
}

// dial is ana's program, logged in.
func (h *house) dial() (*smtp.Client, error) {
	c, err := smtp.DialTLS(h.host+":10465", &tls.Config{InsecureSkipVerify: true}) // who else would listen there
	if err != nil {
		return nil, err
	}
	if err := c.Auth(sasl.NewPlainClient("", "ana@example.test", "a long password")); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// subjects are those of the messages a peer took, in order.
func (p *peer) subjects() (list []string) {
	for _, m := range p.all() {
		_, after, _ := strings.Cut(m.data, "\r\nSubject: ")
		subject, _, _ := strings.Cut(after, "\r\n")
		list = append(list, subject)
	}
	return list
}

// locked keeps everybody from writing to the file until it is called.
func locked(t testing.TB, data string) (unlock func()) {
	c, err := sqlite.OpenConn(data, sqlite.OpenReadWrite)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	c.SetBusyTimeout(10 * time.Second)
	if err := sqlitex.ExecuteTransient(c, "BEGIN IMMEDIATE", nil); err != nil {
		t.Error(err)
	}
	return func() { c.Close() } // which rolls back
}

// kill -9 at every stage of a message: it arrives all the same, and twice at most where it may have arrived before.
func TestSendKilledAtEachStage(t *testing.T) {
	t.Parallel()
	p := startPeer(t)
	h := newHouse(t, world{}.with("far.test", p.addr))
	h.start()
	for i, c := range []struct {
		stage string
		times int // that the message arrives
	}{
		{"greeting", 1}, {"EHLO", 1}, {"MAIL", 1}, {"RCPT", 1}, {"DATA", 1}, {"body", 1},
		{"end", 2},   // the dot is there, the answer is not
		{"after", 2}, // the answer is there, and nothing of it in the file
	} {
		subject, accepted, killed := fmt.Sprintf("%d killed at %s", i, c.stage), make(chan struct{}), make(chan struct{})
		var unlock func()
		p.setAt(func(stage string) bool {
			if stage == "end" && c.stage == "after" {
				<-accepted
				unlock = locked(t, h.data)
			}
			if stage != c.stage {
				return true
			}
			<-accepted // else nobody knows whether it was
			h.kill()
			close(killed)
			return false
		})
		client, err := h.dial()
		if err != nil {
			t.Fatal(err)
		}
		if err := submitMail(client, nil, plainly("luis@far.test"), longLetter("luis@far.test", subject)); err != nil {
			t.Fatal(err)
		}
		close(accepted)
		<-killed
		client.Close()
		if unlock != nil {
			unlock()
		}
		before := len(p.all())
		p.setAt(nil)
		h.start()
		p.await(t, before+1)
		until(t, "its connection is over", func() bool { _, open, _ := p.counts(); return open == 0 })
		got := p.subjects()
		if n := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s != subject })); n != c.times {
			t.Errorf("killed at %s: it arrived %d times, not %d", c.stage, n, c.times)
		}
	}
	h.kill()
	if got := buzon(t, "", "queue", "list", "--json", "--data", h.data); got.status != 0 {
		t.Errorf("%+v", got)
	}
	if got := p.subjects(); len(got) != 10 {
		t.Errorf("%d messages arrived: %q", len(got), got)
	}
}

func (p *peer) setAt(at func(stage string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
}

// kill -9 again and again, anywhere, while three programs hand over mail for two servers: what was accepted arrives, and a
// kill makes one message a connection arrive twice at most.
func TestSendKilledAnywhere(t *testing.T) {
	t.Parallel()
	const rounds, submitters, each = 10, 3, 8
	peers := []*peer{startPeer(t), startPeer(t)}
	h := newHouse(t, world{}.with("far0.test", peers[0].addr).with("far1.test", peers[1].addr))
	var mu sync.Mutex
	accepted := map[string]bool{}
	for round := range rounds {
		var events atomic.Int64
		last := 1 + rand.Int64N(100) // stages, a message has five and a connection two
		for _, p := range peers {
			p.setAt(func(string) bool {
				if events.Add(1) == last {
					h.kill()
				}
				return true
			})
		}
		h.start()
		var running sync.WaitGroup
		for s := range submitters {
			running.Go(func() {
				client, err := h.dial()
				if err != nil {
					return // killed
				}
				defer client.Close()
				for i := range each {
					subject := fmt.Sprintf("round %d submitter %d mail %d", round, s, i)
					to := fmt.Sprintf("luis@far%d.test", i%2)
					if submitMail(client, nil, plainly(to), longLetter(to, subject)) != nil {
						return
					}
					mu.Lock()
					accepted[subject] = true
					mu.Unlock()
				}
			})
		}
		running.Wait()
		h.kill() // if there were not as many stages
		until(t, "its connections are over", func() bool {
			return !slices.ContainsFunc(peers, func(p *peer) bool { _, open, _ := p.counts(); return open > 0 })
		})
	}
	for _, p := range peers {
		p.setAt(nil)
	}
	h.start()
	arrived := map[string]int{}
	until(t, "all that was accepted has arrived", func() bool {
		clear(arrived)
		for _, p := range peers {
			for _, subject := range p.subjects() {
				arrived[subject]++
			}
		}
		for subject := range accepted {
			if arrived[subject] == 0 {
				return false
			}
		}
		return true
	})
	twice := 0
	for subject, n := range arrived {
		if n > 1 {
			twice += n - 1
			t.Logf("%d times: %s", n, subject)
		}
	}
	if twice > rounds*len(peers) {
		t.Errorf("%d messages too many arrived after %d kills", twice, rounds)
	}
	t.Logf("%d accepted, %d arrived, %d too many", len(accepted), len(arrived), twice)
}

// SIGTERM in the middle of a message lets it end: it arrives once, and nothing of it is left.
func TestSendTerminated(t *testing.T) {
	t.Parallel()
	p := startPeer(t)
	h := newHouse(t, world{}.with("far.test", p.addr))
	h.start()
	reached, answer := make(chan struct{}), make(chan struct{})
	p.setAt(func(stage string) bool {
		if stage == "end" {
			close(reached)
			<-answer
		}
		return true
	})
	client, err := h.dial()
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"luis@far.test", "eva@far.test"} { // two messages, for one connection
		if err := submitMail(client, nil, plainly(to), longLetter(to, to)); err != nil {
			t.Fatal(err)
		}
	}
	<-reached
	client.Close()
	idle := dialHalfway(t, h.host+":10025")
	idle.ask(t, "EHLO idle.test\r\n", "250 ")
	h.mu.Lock()
	err = h.cmd.Process.Signal(syscall.SIGTERM)
	h.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for idle.lines.Scan() { // until it is sent away
	}
	p.setAt(nil)
	close(answer)
	h.mu.Lock()
	err, h.cmd = h.cmd.Wait(), nil
	h.mu.Unlock()
	if err != nil {
		t.Error(err)
	}
	if got := p.subjects(); len(got) != 1 {
		t.Errorf("%q arrived", got)
	}
	h.start()
	p.await(t, 2)
	h.kill()
	if got := p.subjects(); len(got) != 2 || got[0] == got[1] {
		t.Errorf("%q arrived", got)
	}
}
