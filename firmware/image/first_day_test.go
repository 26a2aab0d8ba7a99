package image_test

import (
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
	"buzon/firmware/boxtest"
)

// within is how long things may take that take seconds: the machine is emulated, and CI is slow.
const within = time.Minute

// firstDay is that of a box out of the box, as its owner sees it from another computer: the page answers, the code of the
// console makes it hers, the page tells which image runs, a mail comes in and goes out, and the page turns it off.
// The network has no time for a box without a clock, and no certificate but the box's own.
func firstDay(t *testing.T, m boottest.Machine, runs string, soon time.Duration) {
	t.Helper()
	m.Ports = []int{25, 80, 443, 993}
	b := boottest.Start(t, m)
	b.AwaitPort(80, 2*within)
	up := b.Up()
	owner := boxtest.NewBrowser(t, b, "buzon.local")
	owner.Claim(boxtest.ClaimCode(t, b, within))
	for _, port := range m.Ports {
		b.AwaitPort(port, within)
	}
	all := b.Up()
	if status, page, err := owner.Get("/update"); err != nil || status != 200 || !strings.Contains(page, "<dd>"+runs+"</dd>") {
		t.Errorf("the page does not tell of %q: %d %v\n%s", runs, status, err, page)
	}
	b.Eventually("mail in", within, boxtest.Send(b.Address(25), "first", boxtest.Letter))
	b.Eventually("mail out", within, boxtest.Has(b.Address(993), "first", boxtest.Letter))
	t.Logf("after power-on the page answers in %v, claimed all ports in %v, the mail is out in %v",
		up.Round(100*time.Millisecond), all.Round(100*time.Millisecond), b.Up().Round(100*time.Millisecond))
	if up > soon {
		t.Errorf("the page answers later than %v after power-on", soon)
	}
	owner.TurnOff() // QEMU's power button works neither after U-Boot nor on a Raspberry Pi
	b.Ended(within)
}
