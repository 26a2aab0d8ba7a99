// Package roster is who is logged in from where: what the owner looks at to find a device that is not theirs.
//
// Sessions of the same account, service, address and device are one row, because a phone holds a connection a folder and
// POP3 comes and goes by the minute. A row stays for a day after its last session. All of it is in memory and bounded:
// a session costs a pointer, a row some 300 octets, and nothing is written.
package roster

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxRows    = 512            // more than the devices of a family; the row that was longest unused goes
	keepRow    = 24 * time.Hour // after its last session
	maxProgram = 100            // octets of what a program calls itself
)

// Place is whose session it is, and from where.
type Place struct {
	Account string // its address
	Service string // "imap", "pop3", "submission", "page"
	Addr    netip.Addr
	Device  string // the name of the app password; "" is the account's own password
}

// Row is the sessions of one place.
type Row struct {
	Place
	Program string    // what the program last called itself (RFC 2971), or ""
	Open    int       // sessions at the moment
	Since   time.Time // when the first of them began
	Seen    time.Time // when one last began, ended or said its name; now, while one is open
}

// Roster is all rows. The zero value with a clock is ready.
type Roster struct {
	Now func() time.Time

	mu   sync.Mutex
	rows map[Place]*Row
}

// Enter begins a session; Leave must end it with what this returns.
func (r *Roster) Enter(p Place) *Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	row := r.rows[p]
	if row == nil {
		row = &Row{Place: p, Since: now}
		r.add(row)
	}
	if row.Open++; row.Open == 1 {
		row.Since = now
	}
	row.Seen = now
	return row
}

// add makes room for a row. Where all are open, the new one is not listed: who opens so many is no family.
func (r *Roster) add(row *Row) {
	if r.rows == nil {
		r.rows = make(map[Place]*Row)
	}
	if len(r.rows) >= maxRows {
		var oldest *Row
		for _, other := range r.rows {
			if other.Open == 0 && (oldest == nil || other.Seen.Before(oldest.Seen)) {
				oldest = other
			}
		}
		if oldest == nil {
			return
		}
		delete(r.rows, oldest.Place)
	}
	r.rows[row.Place] = row
}

// Name notes what the program of a session calls itself; "" is nothing new.
func (r *Roster) Name(row *Row, program string) {
	if program == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	row.Program, row.Seen = strings.ToValidUTF8(program[:min(len(program), maxProgram)], ""), r.Now()
}

// Leave ends a session.
func (r *Roster) Leave(row *Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row.Open--
	row.Seen = r.Now()
}

// List gives the rows of one account, or of all where account is "": those that are open first, then the latest.
func (r *Roster) List(account string) []Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	var list []Row
	for p, row := range r.rows {
		if row.Open == 0 && now.Sub(row.Seen) > keepRow {
			delete(r.rows, p)
			continue
		}
		if account != "" && p.Account != account {
			continue
		}
		shown := *row
		if shown.Open > 0 {
			shown.Seen = now
		}
		list = append(list, shown)
	}
	slices.SortFunc(list, order)
	return list
}

func order(a, b Row) int {
	return cmp.Or(
		cmp.Compare(min(b.Open, 1), min(a.Open, 1)),
		b.Seen.Compare(a.Seen),
		cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.Service, b.Service),
		a.Addr.Compare(b.Addr),
		cmp.Compare(a.Device, b.Device),
	)
}
