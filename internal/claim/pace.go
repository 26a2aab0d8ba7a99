package claim

import (
	"net/netip"
	"time"

	"buzon/internal/limit"
)

const (
	freeHere = 2               // wrong codes of one address that cost nothing: people mistype
	waitHere = time.Second     // after the next; each doubles it
	mostHere = time.Minute     // no wait of one address is longer
	freeAll  = 5               // wrong codes of all addresses together that cost nothing
	waitAll  = time.Second / 2 // after the next; each doubles it
	mostAll  = 8 * time.Second // short, because the owner waits, too, while somebody else guesses

	forget       = 15 * time.Minute // without a wrong code everything is as at first
	maxAddresses = 64               // that are remembered; a neighbour can invent any number, and the wait for all holds for those
)

// pace tells how long to wait before the next code is looked at. A wait is told and not taken: nobody holds a goroutine.
type pace struct {
	here limit.Table[netip.Addr, tally]
	all  tally
}

// tally is the wrong codes of one address, or of all.
type tally struct {
	wrong int
	last  time.Time // the last of them
	next  time.Time // before this no code is looked at
}

// wait is how long from has to wait. Who is on the machine itself does not wait for what others do.
func (p *pace) wait(from netip.Addr, now time.Time) time.Duration {
	var wait time.Duration
	if t := p.here.Get(from); t != nil {
		wait = t.left(now, mostHere)
	}
	if !from.IsLoopback() {
		wait = max(wait, p.all.left(now, mostAll))
	}
	return wait
}

// left is what is left of the wait. More than the most is a clock that was set back: boards begin without the time.
func (t *tally) left(now time.Time, most time.Duration) time.Duration {
	left := t.next.Sub(now)
	if left > most {
		return 0
	}
	return max(left, 0)
}

func (p *pace) wrong(from netip.Addr, now time.Time) {
	p.here.Make(from, maxAddresses).count(now, freeHere, waitHere, mostHere)
	p.all.count(now, freeAll, waitAll, mostAll)
}

func (t *tally) count(now time.Time, free int, first, most time.Duration) {
	if now.Sub(t.last) >= forget {
		t.wrong = 0
	}
	t.wrong++
	t.last = now
	if beyond := t.wrong - free; beyond > 0 {
		t.next = now.Add(min(first<<min(beyond-1, 20), most))
	}
}
