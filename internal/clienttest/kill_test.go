package clienttest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	killRounds  = 20
	killSenders = 4
)

// TestKill: what was acknowledged with 250 is there after kill -9, whenever it comes. Mail to ana is looked for and
// removed after each kill, mail to luis only after the last.
func TestKill(t *testing.T) {
	b := newBox(t)
	rounds := killRounds
	if testing.Short() {
		rounds = 3
	}
	var kept []string
	acknowledged := 0
	for round := range rounds {
		told := b.deliverUntilKilled(t, round)
		b.start()
		found := b.subjects(t, ana, true)
		missing(t, round, told[ana], found)
		kept = append(kept, told[luis]...)
		acknowledged += len(told[ana]) + len(told[luis])
	}
	found := b.subjects(t, luis, false)
	missing(t, rounds, kept, found)
	t.Logf("%d rounds, %d messages acknowledged, none lost; %d of luis were stored", rounds, acknowledged, len(found))
	if acknowledged == 0 {
		t.Error("nothing was delivered at all")
	}
}

func missing(t *testing.T, round int, told []string, found map[string]int) {
	t.Helper()
	for _, id := range told {
		if found[id] == 0 {
			t.Errorf("round %d: %s was acknowledged and is lost", round, id)
		}
	}
}

// deliverUntilKilled lets several clients deliver, kills the program in the middle of it, and gives what was acknowledged.
func (b *box) deliverUntilKilled(t *testing.T, round int) map[string][]string {
	t.Helper()
	var (
		mu    sync.Mutex
		told  = make(map[string][]string)
		wg    sync.WaitGroup
		first = make(chan struct{}, killSenders)
	)
	for sender := range killSenders {
		to := []string{ana, luis}[sender%2]
		wg.Go(func() {
			ids := b.deliverMany(fmt.Sprintf("round-%d-sender-%d", round, sender), to, first)
			mu.Lock()
			defer mu.Unlock()
			told[to] = append(told[to], ids...)
		})
	}
	select {
	case <-first: // somebody is delivering
	case <-time.After(patience):
		t.Errorf("round %d: nothing was delivered", round)
	}
	time.Sleep(rand.N(400 * time.Millisecond)) // any moment will do
	b.kill()
	wg.Wait()
	return told
}

// deliverMany delivers until the connection breaks, and gives the names of the messages that were acknowledged.
func (b *box) deliverMany(name, to string, first chan<- struct{}) (acknowledged []string) {
	w, err := dial(b.addr("smtp"))
	if err != nil {
		return nil
	}
	defer w.Close()
	if w.ask("", "220") != nil || w.ask("EHLO client.example.org\r\n", "250") != nil {
		return nil
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%s-%d", name, i)
		body := fmt.Sprintf("Subject: %s\r\n\r\n%s", id, strings.Repeat("A line of text in a message.\r\n", rand.N(400)))
		for _, s := range [][2]string{
			{"MAIL FROM:<someone@example.org>\r\n", "250"},
			{"RCPT TO:<" + to + ">\r\n", "250"},
			{"DATA\r\n", "354"},
			{body + ".\r\n", "250"},
		} {
			if w.ask(s[0], s[1]) != nil {
				return acknowledged
			}
		}
		acknowledged = append(acknowledged, id)
		select {
		case first <- struct{}{}:
		default:
		}
	}
}

var subjectField = regexp.MustCompile(`(?m)^Subject: (\S+)\r$`)

// subjects are those of all messages of somebody, and how often each is there; they may be removed with that.
func (b *box) subjects(t *testing.T, user string, remove bool) map[string]int {
	t.Helper()
	w, err := b.login(user)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var n int
	fmt.Fprint(w, "STAT\r\n")
	if _, err := fmt.Fscanf(w.r, "+OK %d", &n); err != nil {
		t.Fatal(err)
	}
	w.r.ReadString('\n')
	found := make(map[string]int)
	for i := 1; i <= n; i++ {
		if err := w.ask(fmt.Sprintf("RETR %d\r\n", i), "+OK"); err != nil {
			t.Fatal(err)
		}
		text, err := w.lines()
		if err != nil {
			t.Fatal(err)
		}
		if m := subjectField.FindStringSubmatch(text); m != nil {
			found[m[1]]++
		}
		if remove {
			if err := w.ask(fmt.Sprintf("DELE %d\r\n", i), "+OK"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.ask("QUIT\r\n", "+OK"); err != nil {
		t.Fatal(err)
	}
	return found
}
