package store

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestDMARCRows(t *testing.T) {
	s, c := openAt(t)
	today := c.now().UTC().Format(time.DateOnly)
	good := DMARCRow{Day: today, Domain: "far.test", Record: "v=DMARC1; p=none", Source: "192.0.2.1", Author: "far.test", Envelope: "far.test",
		Disposition: "none", DKIM: "pass", SPF: "pass", Auth: "spf far.test mfrom pass", Count: 1}
	bad := good
	bad.DKIM, bad.SPF, bad.Disposition, bad.Override, bad.Comment = "fail", "fail", "reject", "other", "x"
	bad.Source = "192.0.2.2"
	other := good
	other.Domain = "a.test"
	check(t, s.CountDMARC(t.Context(), []DMARCRow{good, bad, other}))
	check(t, s.CountDMARC(t.Context(), []DMARCRow{good, good}))
	check(t, s.CountDMARC(t.Context(), nil))
	good.Count = 3
	got, err := s.DMARCRows(t.Context(), today)
	check(t, err)
	if want := []DMARCRow{other, good, bad}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	other.Day = c.now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	check(t, s.CountDMARC(t.Context(), []DMARCRow{other}))
	check(t, s.DropDMARC(t.Context(), today))
	if days, err := s.DMARCDays(t.Context()); err != nil || !reflect.DeepEqual(days, []string{other.Day}) {
		t.Errorf("%v, %v", days, err)
	}
	c.pass(9 * day)
	check(t, s.Care(t.Context()))
	if days, err := s.DMARCDays(t.Context()); err != nil || len(days) != 0 {
		t.Errorf("old ones stay: %v, %v", days, err)
	}
}

// Whoever sends us mail from many addresses does not fill the file.
func TestDMARCRowsAreBounded(t *testing.T) {
	s, _ := openAt(t)
	var rows []DMARCRow
	for i := range maxDMARCRows + 100 {
		rows = append(rows, DMARCRow{Day: "2026-11-22", Domain: "far.test", Source: fmt.Sprint(i), Count: 1})
	}
	check(t, s.CountDMARC(t.Context(), rows))
	check(t, s.CountDMARC(t.Context(), rows))
	got, err := s.DMARCRows(t.Context(), "2026-11-22")
	check(t, err)
	if len(got) != maxDMARCRows || got[0].Count != 2 {
		t.Errorf("%d rows, the first counts %d", len(got), got[0].Count)
	}
}

func TestReports(t *testing.T) {
	s, c := openAt(t)
	r := Report{Kind: ReportDMARC, Domain: "home.test", Reporter: "far.test", Contact: "dmarc@far.test", Name: "1",
		From: c.now().Add(-day), Until: c.now(), Rows: []ReportRow{
			{Source: "192.0.2.1", Author: "home.test", Disposition: "none", DKIM: "pass", SPF: "fail", Count: 5},
			{Source: "192.0.2.2", Author: "home.test", Disposition: "reject", DKIM: "fail", SPF: "fail", Count: 2},
		}}
	for _, want := range []bool{true, false} {
		if added, err := s.AddReport(t.Context(), r); err != nil || added != want {
			t.Errorf("%v, %v, want %v", added, err, want)
		}
	}
	tls := Report{Kind: ReportTLS, Domain: "home.test", Reporter: "far.test", Name: "1", From: c.now(), Until: c.now(), Rows: []ReportRow{
		{Count: 7}, {Result: "certificate-expired", Host: "mx.home.test", Detail: "x", Count: 1},
	}}
	if added, err := s.AddReport(t.Context(), tls); err != nil || !added {
		t.Error(added, err)
	}
	list, err := s.Reports(t.Context(), ReportQuery{Max: 10})
	check(t, err)
	if len(list) != 2 || list[0].Kind != ReportTLS || list[0].Good != 7 || list[0].Bad != 1 || list[1].Good != 5 || list[1].Bad != 2 {
		t.Fatalf("%+v", list)
	}
	if !list[1].From.Equal(r.From) || !list[1].At.Equal(c.now()) || list[1].Contact != r.Contact {
		t.Errorf("%+v", list[1])
	}
	if rows, err := s.ReportRows(t.Context(), list[1].ID); err != nil || !reflect.DeepEqual(rows, r.Rows) {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, q := range []ReportQuery{{Kind: ReportTLS, Max: 9}, {Domain: "home.test", Max: 1}, {Before: list[0].ID, Max: 9}} {
		if got, err := s.Reports(t.Context(), q); err != nil || len(got) != 1 {
			t.Errorf("%+v: %+v, %v", q, got, err)
		}
	}
	c.pass(181 * day)
	check(t, s.Care(t.Context()))
	if n := count(t, s, `SELECT (SELECT count(*) FROM report) + (SELECT count(*) FROM report_row)`); n != 0 {
		t.Errorf("%d are left", n)
	}
}
