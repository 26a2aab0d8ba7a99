package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"buzon/internal/judge"
	"buzon/internal/message"
	"buzon/internal/roster"
)

// Who is logged in stands on the roster while they are: with what, from where, with which program.
func TestRoster(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	ana := message.Address{Local: "ana", Domain: "example.test"}
	secret := must[string](t)(a.store.AddAppPassword(context.Background(), ana, "phone"))
	phone := must[*imapclient.Client](t)(imapclient.DialTLS(a.addr("imaps"), &imapclient.Options{TLSConfig: a.tls()}))
	if err := phone.Login("ana@example.test", secret).Wait(); err != nil {
		t.Fatal(err)
	}
	must[*imap.IDData](t)(phone.ID(&imap.IDData{Name: "K-9", Version: "6.8"}).Wait())
	computer := imapClient(t, a, nil)
	place := roster.Place{Account: "ana@example.test", Service: "imap", Addr: netip.MustParseAddr("127.0.0.1"), Device: "phone"}
	row := find(t, a, place)
	if row.Open != 1 || row.Program != "K-9 6.8" {
		t.Errorf("the phone: %+v", row)
	}
	place.Device = ""
	if row := find(t, a, place); row.Open != 1 || row.Program != "" {
		t.Errorf("the computer: %+v", row)
	}
	if err := computer.Logout().Wait(); err != nil {
		t.Fatal(err)
	}
	until(t, "the computer is gone", func() bool { return find(t, a, place).Open == 0 })
}

func find(t *testing.T, a *testAppliance, p roster.Place) roster.Row {
	t.Helper()
	rows := a.roster.List(p.Account)
	i := slices.IndexFunc(rows, func(r roster.Row) bool { return r.Place == p })
	if i < 0 {
		t.Fatalf("%+v is not in %+v", p, rows)
	}
	return rows[i]
}

// POP3 and the submission of mail stand there as well, and what arrives is noted without its content.
func TestArrivals(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("quarantine"))
	c := stranger(t, a, "127.0.0.9")
	if err := bring(c, "kim@far.test", "From: kim@far.test\nTo: ana@example.test\nSubject: the secret of the box\n\nhello\n"); err != nil {
		t.Fatal(err)
	}
	last := a.arrivals.Last(10)
	if len(last) != 1 || last[0].To != "ana@example.test" || last[0].From != "far.test" || last[0].Size < 50 || last[0].Own || last[0].Junk || last[0].Cause != judge.CauseNone || last[0].Author.Key != "verdict_author_proven" {
		t.Fatalf("what came: %+v", last)
	}
	if strings.Contains(fmt.Sprint(last[0]), "secret") {
		t.Errorf("content: %+v", last[0])
	}
	if err := bring(stranger(t, a, "127.0.0.10"), "kim@far.test", "From: kim@far.test\nTo: ana@example.test\n\nagain\n"); err != nil {
		t.Fatal(err)
	}
	if last = a.arrivals.Last(10); len(last) != 2 || !last[0].Junk || last[0].Cause != judge.CauseDMARC {
		t.Errorf("in the name of somebody else: %+v", last)
	}
	pop := must[*tls.Conn](t)(tls.Dial("tcp", a.addr("pop3s"), a.tls()))
	defer pop.Close()
	if _, err := io.WriteString(pop, "USER ana@example.test\r\nPASS secret\r\n"); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewScanner(pop)
	for range 3 {
		if !answers.Scan() || !strings.HasPrefix(answers.Text(), "+OK") {
			t.Fatalf("POP3 says %q", answers.Text())
		}
	}
	place := roster.Place{Account: "ana@example.test", Service: "pop3", Addr: netip.MustParseAddr("127.0.0.1")}
	if row := find(t, a, place); row.Open != 1 || time.Since(row.Since) > time.Minute {
		t.Errorf("POP3: %+v", row)
	}
}
