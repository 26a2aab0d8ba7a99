package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
	"buzon/firmware/boxtest"
)

// host is the box's name, from its settings.txt.
const host = "casa.local"

// everyPort is what a box with an owner answers on.
func everyPort() []int { return []int{25, 80, 110, 143, 443, 465, 587, 993, 995, 2525} }

// TestMachine is the life of a few boxes, in as few starts as it takes: a start costs six seconds of emulation.
func TestMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts machines")
	}
	boottest.Need(t, boottest.Machine{Board: boottest.Virt, Kernel: "given"})
	p := build(t)
	one, stopOne := timeServer(t)
	two, stopTwo := timeServer(t)
	c := newCard(t, cardOptions{size: 1 << 30, settings: "hostname=casa\ntime=" + one + " " + two + "\nssid=home\n"})
	t.Run("first day", func(t *testing.T) { firstDay(t, p, c.in(t)) })
	stopOne()
	stopTwo()
	c.resize(8 << 30)
	t.Run("larger card", func(t *testing.T) { largerCard(t, p, c.in(t)) })
	t.Run("full card", func(t *testing.T) { fullCard(t, p) })
	t.Run("damaged card", func(t *testing.T) { damagedCard(t, p) })
	t.Run("rescue", func(t *testing.T) { rescue(t, p, c.in(t)) })
}

// start turns a machine with c on, as at a power-on in the year 1970.
func (p programs) start(t *testing.T, c *card) *boottest.Running {
	t.Helper()
	return boottest.Start(t, boottest.Machine{
		Board: boottest.Virt, Kernel: p.kernel, Initrd: p.initrd, Disk: c.path, Ports: everyPort(), Clock: "1970-01-01T00:00:00",
		Append: "rdinit=/init panic=-1 quiet buzon.log=console buzon.measure=5", Extra: []string{"-device", "i6300esb"},
	})
}

// off presses the power button and looks at the card.
func off(t *testing.T, m *boottest.Running, c *card) {
	t.Helper()
	m.TurnOff(within)
	if !strings.Contains(m.Log(), "reboot: Power down") {
		t.Error("it did not turn itself off")
	}
	c.check()
}

// within is how long things may take that take seconds: the machine is emulated, and CI is slow.
const within = time.Minute

// A card out of the box, without a clock: claimed by its page, mail in, mail out, and the cable is pulled.
func firstDay(t *testing.T, p programs, c *card) {
	m := p.start(t, c)
	code := boxtest.ClaimCode(t, m, within)
	m.AwaitPort(80, within)
	m.Eventually("the code is on the card", within, func(context.Context) error {
		if got := strings.TrimSpace(c.onBoot("claim.txt")); got != code {
			return fmt.Errorf("there is %q, not %q", got, code)
		}
		return nil
	})
	if !strings.Contains(m.Log(), `settings.txt, line 3: There is no setting "ssid"`) {
		t.Error("the console does not complain about settings.txt")
	}
	m.Await("http://[fec0::", within) // the network's own prefix, by router advertisement
	m.Await("set the clock", within)
	if at := lastTime(t, m.Log()); time.Since(at).Abs() > 10*time.Second {
		t.Errorf("the machine says that it is %v", at)
	}
	boxtest.NewBrowser(t, m, host).Claim(code)
	m.Eventually("mail in", within, boxtest.Send(m.Address(25), "first", boxtest.Letter))
	m.Eventually("mail out", within, boxtest.Has(m.Address(993), "first", boxtest.Letter))
	m.Link(false)
	m.Await("the cable is out", within)
	m.Link(true)
	m.Await("the cable is in", within)
	m.Eventually("mail in again", within, boxtest.Send(m.Address(25), "second", boxtest.Letter))
	m.Eventually("mail out again", within, boxtest.Has(m.Address(993), "second", boxtest.Letter))
	m.Await("Green: mail is served.", within)
	off(t, m, c)
	if left := c.onBoot("claim.txt"); left != "" {
		t.Errorf("claim.txt is still on the card: %q", left)
	}
}

// The bars of the board.
const (
	toPorts   = 10 * time.Second // from power-on
	memoryAll = 64 << 10         // KB, in use by everything
	memoryOwn = 25 << 10         // KB, of Buzon
	dayWrites = 1 << 20          // octets, without mail
)

// idle is how long the machine is left alone to see what it writes; a day is taken to be as many times as much. One write is
// too much then, so what comes every minute is seen; that nothing comes every few minutes was seen by hand.
const idle = time.Minute

// The same card copied to a larger one: everything is there, the room is, too, and the time goes on although nobody tells it.
// Left alone it needs little memory and writes nothing.
func largerCard(t *testing.T, p programs, c *card) {
	m := p.start(t, c)
	for _, port := range everyPort() {
		m.AwaitPort(port, within)
	}
	up := m.Up()
	t.Logf("all ports answer %v after power-on", up.Round(10*time.Millisecond))
	if up > toPorts {
		t.Errorf("that is more than %v", toPorts)
	}
	m.Eventually("the mail is there", within, boxtest.Has(m.Address(993), "first", boxtest.Letter))
	m.Await("the watchdog is on", within)
	if at := lastTime(t, m.Log()); time.Since(at) > 10*time.Minute || time.Since(at) < 0 {
		t.Errorf("the machine says that it is %v", at)
	}
	written, day := rest(m)
	if day > dayWrites {
		t.Errorf("%d octets written in %v, never none for %v, would be %d KB a day, more than %d", written, settled, idle, day>>10, dayWrites>>10)
	}
	now := lastMeasure(t, m.Log())
	t.Logf("at rest %d octets are written in %v, %d KB of memory are in use, %d by Buzon and %d by init; the card has %d MB", written, idle, now["used_kb"], now["buzon_kb"], now["init_kb"], now["card_mb"])
	if now["used_kb"] > memoryAll || now["buzon_kb"] > memoryOwn {
		t.Errorf("more than %d and %d KB", memoryAll, memoryOwn)
	}
	if now["card_mb"] < 7<<10 {
		t.Errorf("the mail has %d MB of a card of 8 GB", now["card_mb"])
	}
	off(t, m, c)
}

// settled is how long what follows a start may take: the kernel completes the file system that has grown, and Buzon looks at
// its line and its certificates.
const settled = 4 * time.Minute

// rest leaves the machine alone until it has written nothing for as long as idle. Where it never does so, it tells what it
// wrote in all, and how much that would be in a day.
func rest(m *boottest.Running) (written, day int64) {
	first := m.Written()
	before, since := first, m.Up()
	for end := m.Up() + settled; m.Up() < end; {
		time.Sleep(time.Second) // what is measured is that nothing happens
		if now := m.Written(); now != before {
			before, since = now, m.Up()
		}
		if m.Up()-since >= idle {
			return 0, 0
		}
	}
	written = before - first
	return written, written * int64(24*time.Hour/settled)
}

// A card without room: mail waits with its sender, and comes in once there is room.
func fullCard(t *testing.T, p programs) {
	data := p.owned(t)
	filler := bytes.Repeat([]byte("full "), 9<<20)
	if err := os.WriteFile(filepath.Join(data, "filler"), filler, 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCard(t, cardOptions{size: (dataStart + dataSize) * mega, data: data})
	m := p.start(t, c)
	m.AwaitPort(25, within)
	m.AwaitPort(993, within)
	noise := make([]byte, 1<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	body := []byte(lines(base64.StdEncoding.EncodeToString(noise)))
	var refusal error
	for n := 0; refusal == nil; n++ {
		if n == 40 {
			t.Fatal("a card of 64 MB takes any amount of mail")
		}
		copy(body[len(body)/2:], fmt.Sprint(n)) // no two are alike
		ctx, cancel := context.WithTimeout(t.Context(), within)
		refusal = boxtest.Send(m.Address(25), fmt.Sprint("large ", n), string(body))(ctx)
		cancel()
	}
	if reply := new(textproto.Error); !errors.As(refusal, &reply) || reply.Code != 452 {
		t.Errorf("it says %v, not 452", refusal)
	}
	m.AwaitPort(80, within)
	m.Eventually("the mails are deleted", within, func(ctx context.Context) error {
		b, err := boxtest.OpenMailbox(ctx, m.Address(993))
		if err != nil {
			return err
		}
		defer b.Close()
		if _, err := b.Say(`STORE 1:* +FLAGS.SILENT (\Deleted)`); err != nil {
			return err
		}
		_, err = b.Say("EXPUNGE")
		return err
	})
	m.Eventually("mail in", within, boxtest.Send(m.Address(25), "after", boxtest.Letter))
	m.Eventually("mail out", within, boxtest.Has(m.Address(993), "after", boxtest.Letter))
	off(t, m, c)
}

// lines are not longer than SMTP allows (RFC 5321 §4.5.3.1.6).
func lines(s string) string {
	var b strings.Builder
	for ; len(s) > 76; s = s[76:] {
		b.WriteString(s[:76] + "\r\n")
	}
	return b.String() + s
}

// A card whose file system no kernel reads: the console and the page tell it, in the owner's language, at the owner's address.
func damagedCard(t *testing.T, p programs) {
	c := newCard(t, cardOptions{size: 1 << 30, settings: "address=10.0.2.15/24\ngateway=10.0.2.2\nlanguage=es\n"})
	c.damage()
	m := p.start(t, c)
	m.Await("Rojo: no se puede leer el correo", within)
	m.Await("http://10.0.2.15", within)
	m.Eventually("the page", within, page(t, m, "Rojo: no se puede leer el correo"))
	m.TurnOff(within)
}

// page tells whether the page in place of Buzon's has a sentence.
func page(t *testing.T, m *boottest.Running, sentence string) func(context.Context) error {
	return func(context.Context) error {
		status, body, err := boxtest.NewBrowser(t, m, host).Get("/")
		if err == nil && (status != 503 || !strings.Contains(body, sentence)) {
			err = fmt.Errorf("%d: %s", status, body)
		}
		return err
	}
}

// Rescue: what is known is on the card, and Buzon leaves it alone.
func rescue(t *testing.T, p programs, c *card) {
	c.set("rescue=yes\n")
	m := p.start(t, c)
	m.Await("Yellow: rescue", within)
	m.Eventually("the page", within, page(t, m, "Yellow: rescue"))
	off(t, m, c)
	report := c.onBoot("rescue.txt")
	for _, part := range []string{"Buzon 0.1-test (virt)", "data: vda4, ", "problem: <nil>", "Log of this start:\r\n"} {
		if !strings.Contains(report, part) {
			t.Errorf("rescue.txt has no %q:\n%s", part, report)
		}
	}
	if strings.Contains(m.Log(), "ready\n") {
		t.Error("Buzon was started")
	}
}

var logTime = regexp.MustCompile(`(?m)^time=(\S+) `)

// lastTime is the machine's clock when it wrote its last line.
func lastTime(t *testing.T, log string) time.Time {
	t.Helper()
	all := logTime.FindAllStringSubmatch(log, -1)
	if len(all) == 0 {
		t.Fatal("the machine has told no time")
	}
	at, err := time.Parse(time.RFC3339, all[len(all)-1][1])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

var figureInLog = regexp.MustCompile(`(\w+_(?:kb|mb))=(\d+)`)

// lastMeasure are the figures that the machine told last.
func lastMeasure(t *testing.T, log string) map[string]int64 {
	t.Helper()
	at := strings.LastIndex(log, "msg=measured")
	if at < 0 {
		t.Fatal("the machine has measured nothing")
	}
	line, _, _ := strings.Cut(log[at:], "\n")
	figures := map[string]int64{}
	for _, f := range figureInLog.FindAllStringSubmatch(line, -1) {
		n, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		figures[f[1]] = n
	}
	return figures
}
