package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// killedQueue tells the test below that it is the process to be killed.
const killedQueue = "BUZON_TEST_QUEUE_FILE"

// kill -9 while mail is queued, claimed and settled: what was accepted is in the
// queue or in the history, what was settled is not sent again, and what was
// claimed falls due once more.
func TestQueueKilled(t *testing.T) {
	if path := os.Getenv(killedQueue); path != "" {
		queueForEver(t, path)
		return
	}
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "mail.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	person(t, s, "ana", 0)
	check(t, s.Close())
	told := map[string]string{} // the last that was told of each recipient
	for round := range 5 {
		killQueue(t, path, 150+70*round, told)
		s, err := Open(t.Context(), path, Options{})
		check(t, err)
		sound(t, s)
		checkTold(t, s, told)
		check(t, s.Close())
	}
	s = openStore(t, path)
	waiting, _, err := s.QueueSize(t.Context())
	check(t, err)
	for {
		b := claim(t, s, time.Now().Add(100*24*time.Hour), 100)
		for _, q := range b.Queued {
			waiting -= int64(len(q.Jobs))
		}
		if len(b.Queued) == 0 {
			break
		}
	}
	if waiting != 0 {
		t.Errorf("%d jobs never fall due", waiting)
	}
}

// killQueue lets the other process tell so many lines, and kills it.
func killQueue(t *testing.T, path string, lines int, told map[string]string) {
	t.Helper()
	cmd := osexec.Command(os.Args[0], "-test.run=^TestQueueKilled$")
	cmd.Env = append(os.Environ(), killedQueue+"="+path)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	r := bufio.NewScanner(out)
	for n := 0; r.Scan(); n++ {
		what, who, ok := strings.Cut(r.Text(), " ")
		if !ok || what != "accepted" && what != "settled" {
			t.Errorf("the other process says %q", r.Text())
		}
		told[who] = what
		if n == lines {
			check(t, cmd.Process.Kill())
		}
	}
	cmd.Wait() // it was killed: that is no error here
}

func checkTold(t *testing.T, s *Store, told map[string]string) {
	t.Helper()
	queued, ended := map[string]bool{}, map[string]int{}
	for _, q := range queueOf(t, s) {
		for _, j := range q.Jobs {
			queued[j.To.Local] = true
		}
	}
	history, err := s.History(t.Context(), HistoryQuery{Max: 1 << 20})
	check(t, err)
	for _, h := range history {
		if h.Fate != Deferred {
			ended[h.To.Local]++
		}
	}
	for who, what := range told {
		if n := ended[who]; n > 1 || (n == 1) == queued[who] || what == "settled" && n == 0 {
			t.Errorf("%s was %s: queued %v, ended %d times", who, what, queued[who], n)
		}
	}
	reports := count(t, s, "SELECT count(*) FROM msg")
	if failed := count(t, s, "SELECT count(*) FROM history WHERE fate = ?", int64(Failed)); reports != failed {
		t.Errorf("%d reports of %d failures", reports, failed)
	}
}

func queueForEver(t *testing.T, path string) {
	s, err := Open(context.Background(), path, Options{})
	check(t, err)
	accounts, err := s.Accounts(t.Context())
	check(t, err)
	for n := 0; ; n++ {
		who := fmt.Sprintf("p%d-%d", os.Getpid(), n)
		send(t, s, who+"a@x.test", who+"b@y.test")
		fmt.Printf("accepted %sa\naccepted %[1]sb\n", who)
		b := claim(t, s, time.Now(), 1+n%3)
		for _, q := range b.Queued {
			for i, j := range q.Jobs {
				settleForEver(t, s, j, Fate(1+(n+i)%4), accounts[0].ID)
			}
		}
	}
}

func settleForEver(t *testing.T, s *Store, j Job, fate Fate, acc AccountID) {
	o := Outcome{Job: j.ID, Fate: fate, Reply: greylisted}
	var reports []Incoming
	if fate == Failed {
		reports = []Incoming{{Body: section(mail("report", "x")), Deliver: []Delivery{{Account: acc}}}}
	}
	check(t, s.Settle(t.Context(), []Outcome{o}, reports))
	if fate != Deferred {
		fmt.Printf("settled %s\n", j.To.Local)
	}
}
