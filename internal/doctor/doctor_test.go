package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/zone"
)

// What was found is kept, said again by Kept, and not written again while it stays so.
func TestKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if kept, err := Kept(t.Context(), w.store); err != nil || kept != nil {
		t.Errorf("before: %v %v", kept, err)
	}
	var told []Finding
	found, err := w.d.Examine(t.Context(), func(f Finding) { told = append(told, f) })
	w.must(err)
	if len(told) != len(found) {
		t.Errorf("told of %d of %d", len(told), len(found))
	}
	w.now = w.now.Add(24 * time.Hour)
	w.zone.Add("example.org. MX 10 mail.example.org.")
	_, err = w.d.Examine(t.Context(), nil)
	w.must(err)
	kept, err := Kept(t.Context(), w.store)
	w.must(err)
	if len(kept) != len(found) {
		t.Fatalf("%d kept, %d found", len(kept), len(found))
	}
	for i, f := range kept {
		since := epoch
		if f.Check == "mx" {
			since = w.now
		}
		if f.Check != found[i].Check || !f.At.Equal(w.now) || !f.Since.Equal(since) || f.Check != "mx" && !f.Same(found[i]) {
			t.Errorf("kept %+v\nfound %+v", f, found[i])
		}
	}
	w.must(w.store.RemoveDomain(t.Context(), "example.org"))
	_, err = w.d.Examine(t.Context(), nil)
	w.must(err)
	kept, err = Kept(t.Context(), w.store)
	w.must(err)
	if slices.ContainsFunc(kept, func(f Finding) bool { return f.Domain != "" }) {
		t.Error("a domain that is gone is still examined")
	}
}

func TestLeadsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		check   string
		verdict Verdict
		want    bool
	}{{"mx", Pass, false}, {"hairpin", Warn, false}, {"hairpin", Unknown, false}, {"hairpin", Pass, true}} {
		w.must(w.d.keep(t.Context(), []Finding{{Check: tt.check, Verdict: tt.verdict, At: w.now}}))
		if got := w.d.LeadsBack(); got != tt.want {
			t.Errorf("%s %s: %v", tt.check, tt.verdict, got)
		}
	}
}

func TestLight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		all  []Verdict
		want Verdict
	}{
		{nil, Unknown},
		{[]Verdict{Unknown, Unknown}, Unknown},
		{[]Verdict{Unknown, Pass}, Pass},
		{[]Verdict{Pass, Warn, Unknown}, Warn},
		{[]Verdict{Fail, Warn, Pass}, Fail},
	} {
		var list []Finding
		for _, v := range c.all {
			list = append(list, Finding{Verdict: v})
		}
		if got := Light(list); got != c.want {
			t.Errorf("%v: %s, want %s", c.all, got, c.want)
		}
	}
}

// Whatever hangs, even what does not hear its context, an examination ends.
func TestExaminationEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.zone.Add("example.org. MX 10 mail.example.org.\nmail.example.org. A 192.0.2.1\nmta-sts.example.org. A 192.0.2.1\n_mta-sts.example.org. TXT \"v=STSv1; id=1\"")
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	deaf := func(context.Context, string, string) (net.Conn, error) {
		<-end
		return nil, net.ErrClosed
	}
	w.d.Dial, w.d.Here = deaf, deaf
	w.d.Router = func(context.Context) (netip.Addr, error) { <-end; return netip.Addr{}, net.ErrClosed }
	w.d.Addresses = func() []netip.Addr { return nil } // so that the router is asked
	w.d.Whole, w.d.Each = 2*time.Second, time.Second
	begin := time.Now()
	found, err := w.d.Examine(t.Context(), nil)
	w.must(err)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	slow := 0
	for _, f := range found {
		if f.Check == "" || f.Verdict == "" {
			t.Errorf("nothing was found: %+v", f)
		}
		if f.Reason.Key == "doctor_no_time" {
			slow++
		}
	}
	if slow == 0 || slow == len(found) {
		t.Errorf("%d of %d had no time", slow, len(found))
	}
}

// A person who does not want to wait ends it, and nothing is kept of a half.
func TestExaminationIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.d.Examine(ctx, func(Finding) { cancel() })
	if err == nil {
		t.Fatal("no error")
	}
	if kept, err := Kept(t.Context(), w.store); err != nil || kept != nil {
		t.Errorf("%v %v", kept, err)
	}
}

// The line alone is what the set-up asks for; nothing of it is kept.
func TestLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found, err := w.d.Line(t.Context(), nil)
	w.must(err)
	var names []string
	for _, f := range found {
		names = append(names, f.Check)
	}
	if want := []string{"outbound25", "relay", "inbound", "cgnat", "hairpin", "ipv6", "clock", "disk"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	if kept, err := Kept(t.Context(), w.store); err != nil || kept != nil {
		t.Errorf("%v %v", kept, err)
	}
}

// Run waits until the box has settled, looks once a day, and not anew after each start.
func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if wait := w.d.untilNext(t.Context()); wait < settle || wait > settle+spread {
		t.Errorf("at first: %s", wait)
	}
	w.d.examineDaily(t.Context())
	if last, err := Last(t.Context(), w.store); err != nil || !last.Equal(epoch) {
		t.Errorf("last %s, %v", last, err)
	}
	if wait := w.d.untilNext(t.Context()); wait < every || wait > every+spread {
		t.Errorf("after one: %s", wait)
	}
	w.now = epoch.AddDate(-1, 0, 0) // the clock was ahead
	if wait := w.d.untilNext(t.Context()); wait > settle+spread {
		t.Errorf("after a wrong clock: %s", wait)
	}
	w.must(w.store.RemoveDomain(t.Context(), "example.org"))
	w.now = epoch.AddDate(0, 0, 2)
	w.d.examineDaily(t.Context())
	if last, err := Last(t.Context(), w.store); err != nil || !last.Equal(epoch) {
		t.Errorf("a box without a domain was examined: %s, %v", last, err)
	}
}

// Run comes back when it is told to, and at once where there is no world.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.d.Run(ctx)
	w.d.Off = true
	w.d.Run(t.Context())
}

// Every record is there, missing, or another.
func TestDomainRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list, err := w.d.Domain(t.Context(), "example.org", nil)
	w.must(err)
	for _, s := range list {
		if s.State != Missing {
			t.Errorf("before: %+v", s)
		}
	}
	w.publish()
	n := 0
	list, err = w.d.Domain(t.Context(), "example.org", func(RecordState) { n++ })
	w.must(err)
	for _, s := range list {
		if s.State != There || len(s.Found) == 0 {
			t.Errorf("published: %+v", s)
		}
	}
	if n != len(list) || n < 10 {
		t.Errorf("told of %d of %d", n, len(list))
	}
	if _, err := w.d.Domain(t.Context(), "elsewhere.example", nil); !errors.Is(err, ErrNotOurs) {
		t.Errorf("another's: %v", err)
	}
}

func TestRecordStates(t *testing.T) {
	t.Parallel()
	record := func(name, kind, value string, p zone.Purpose) zone.Record {
		return zone.Record{Name: name, Type: kind, Value: value, Purpose: p}
	}
	mx := record("example.org", "MX", "10 mail.example.org.", zone.ForMail)
	spf := record("example.org", "TXT", "v=spf1 mx ~all", zone.ForSPF)
	dkim := record("a._domainkey.example.org", "TXT", "v=DKIM1; k=rsa; p=AAAA", zone.ForDKIM)
	alias := record("mta-sts.example.org", "CNAME", "mail.example.org.", zone.ForSTS)
	six := record("mail.example.org", "AAAA", "2001:db8::1", zone.ForHost)
	off := record("_imap._tcp.example.org", "SRV", "0 0 0 .", zone.ForOff)
	for _, c := range []struct {
		zone   string
		record zone.Record
		want   string
	}{
		{"example.org. MX 10 MAIL.example.org.", mx, There},
		{"example.org. MX 20 mail.example.org.", mx, Different},
		{"", mx, Missing},
		// The owner may have other senders, and other texts at the same name.
		{"example.org. TXT \"v=spf1 ip4:192.0.2.1 +mx -all\"\nexample.org. TXT \"site-verification=1\"", spf, There},
		{`example.org. TXT "v=spf1 a ~all"`, spf, Different},
		{`example.org. TXT "site-verification=1"`, spf, Missing},
		{"example.org. TXT \"v=spf1 mx ~all\"\nexample.org. TXT \"v=spf1 mx -all\"", spf, Different},
		// White space means nothing, and a key need not say its version.
		{`a._domainkey.example.org. TXT "v=DKIM1;k=rsa;p=AA" "AA;"`, dkim, There},
		{`a._domainkey.example.org. TXT "v=DKIM1; k=rsa; p=BBBB"`, dkim, Different},
		{`a._domainkey.example.org. TXT "p=BBBB"`, dkim, Different},
		// Some providers write the addresses in place of an alias.
		{"mta-sts.example.org. CNAME mail.example.org.", alias, There},
		{"mta-sts.example.org. A 192.0.2.1\nmail.example.org. A 192.0.2.1", alias, There},
		{"mta-sts.example.org. A 192.0.2.2\nmail.example.org. A 192.0.2.1", alias, Different},
		{"mta-sts.example.org. CNAME elsewhere.example.", alias, Different},
		{"mail.example.org. AAAA 2001:db8::1", six, There},
		{"mail.example.org. AAAA 2001:db8::2", six, Different},
		{"mail.example.org. A 192.0.2.1", six, Missing},
		{"_imap._tcp.example.org. SRV 0 0 0 .", off, There},
		{"_imap._tcp.example.org. SRV 0 1 143 mail.example.org.", off, Different},
	} {
		w := dns.NewMap(c.zone)
		if got := look(t.Context(), w, c.record); got.State != c.want {
			t.Errorf("%s %s with\n%s\n\t%+v, want %s", c.record.Type, c.record.Name, c.zone, got, c.want)
		}
	}
	silent := dns.NewMap("")
	silent.Fail("example.org", "", dns.ServFail)
	if got := look(t.Context(), silent, mx); got.State != NotSeen {
		t.Errorf("silence: %+v", got)
	}
}

// Every check has a title, and no two the same name.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range checks() {
		if seen[c.name] || Title(c.name).Key != c.title {
			t.Errorf("%+v", c)
		}
		seen[c.name] = true
		checkWords(t, finding.Passed(Title(c.name)))
	}
}

func TestPortsNote(t *testing.T) {
	t.Parallel()
	text, err := Ports{25: "[::]:10025", 443: "192.168.1.2:443", 80: "0.0.0.0:80"}.note()
	if want := `{"25":"127.0.0.1:10025","443":"192.168.1.2:443","80":"127.0.0.1:80"}`; err != nil || text != want {
		t.Errorf("%s %v", text, err)
	}
	if _, err := (Ports{25: "nowhere"}).note(); err == nil {
		t.Error("no error")
	}
	w := newWorld(t)
	w.d.KeepPorts(t.Context(), Ports{25: "[::]:10025"})
	w.d.KeepPorts(t.Context(), Ports{25: "nowhere"}) // is told to the log alone, and changes nothing
	p, err := w.d.ports(t.Context())
	w.must(err)
	if p.at(25) != "127.0.0.1:10025" || p.at(993) != "127.0.0.1:993" {
		t.Errorf("%v", p)
	}
	w.must(w.store.Note(t.Context(), notePorts, "no JSON"))
	if _, err := w.d.Examine(t.Context(), nil); err == nil {
		t.Error("a broken note is no error")
	}
}
