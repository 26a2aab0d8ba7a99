package roster

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newRoster() (*Roster, *clock) {
	c := &clock{time.Unix(1_800_000_000, 0)}
	return &Roster{Now: c.now}, c
}

func phone(account string) Place {
	return Place{Account: account, Service: "imap", Addr: netip.MustParseAddr("192.0.2.7"), Device: "phone"}
}

// Sessions of one device are one row, which stays for a day after the last.
func TestRows(t *testing.T) {
	r, c := newRoster()
	begin := c.t
	first, second := r.Enter(phone("ana")), r.Enter(phone("ana"))
	r.Name(first, "K-9 6.8")
	r.Name(second, "")
	c.t = c.t.Add(time.Hour)
	rows := r.List("")
	want := Row{Place: phone("ana"), Program: "K-9 6.8", Open: 2, Since: begin, Seen: c.t}
	if len(rows) != 1 || rows[0] != want {
		t.Fatalf("two sessions: %+v, want %+v", rows, want)
	}
	r.Leave(first)
	r.Leave(second)
	ended := c.t
	c.t = c.t.Add(keepRow)
	if rows = r.List(""); len(rows) != 1 || rows[0].Open != 0 || !rows[0].Seen.Equal(ended) {
		t.Errorf("a day after: %+v", rows)
	}
	r.Leave(r.Enter(phone("ana")))
	if rows = r.List(""); rows[0].Since != c.t {
		t.Errorf("since when after a pause: %v", rows[0].Since)
	}
	c.t = c.t.Add(keepRow + time.Second)
	if rows = r.List(""); len(rows) != 0 {
		t.Errorf("more than a day after: %+v", rows)
	}
}

// Who is here stands first, then who was here last; everybody sees their own.
func TestList(t *testing.T) {
	r, c := newRoster()
	r.Leave(r.Enter(phone("ana")))
	c.t = c.t.Add(time.Minute)
	r.Leave(r.Enter(phone("luis")))
	r.Enter(phone("eva"))
	var got []string
	for _, row := range r.List("") {
		got = append(got, row.Account)
	}
	if fmt.Sprint(got) != "[eva luis ana]" {
		t.Errorf("order: %v", got)
	}
	if own := r.List("luis"); len(own) != 1 || own[0].Account != "luis" {
		t.Errorf("luis sees %+v", own)
	}
}

// Rows have a cap. Who is gone makes room; where all are open, more are not listed, and their end does no harm.
func TestCap(t *testing.T) {
	r, c := newRoster()
	gone := r.Enter(phone("gone"))
	r.Leave(gone)
	c.t = c.t.Add(time.Second)
	var last *Row
	for i := range maxRows + 10 {
		last = r.Enter(phone(fmt.Sprint(i)))
	}
	rows := r.List("")
	if len(rows) != maxRows {
		t.Fatalf("%d rows, want %d", len(rows), maxRows)
	}
	if len(r.List("gone")) != 0 {
		t.Error("who is gone is kept before who is here")
	}
	r.Name(last, "mutt")
	r.Leave(last)
	if len(r.List("")) != maxRows {
		t.Error("the end of one that was not listed changed the list")
	}
}

func TestLongProgram(t *testing.T) {
	r, _ := newRoster()
	r.Name(r.Enter(phone("ana")), fmt.Sprintf("%0100d", 7)+"é")
	r.Name(r.Enter(phone("ana")), fmt.Sprintf("%099d", 7)+"é")
	if got := r.List("")[0].Program; got != fmt.Sprintf("%099d", 7) {
		t.Errorf("kept %q", got)
	}
}
