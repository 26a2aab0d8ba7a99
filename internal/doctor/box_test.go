package doctor

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/trust"
)

// home puts the box behind a router that tells nothing.
func (w *world) home() {
	w.d.Addresses = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("192.168.1.2")} }
}

// relay lets mail leave through one.
func (w *world) relay(host string, port int) {
	w.t.Helper()
	w.must(w.store.SetRelay(w.t.Context(), store.Relay{Host: host, Port: port, TLS: "none"}))
	w.set("send.way", "relay")
}

func (w *world) unknownRelay() { w.relay("smtp.elsewhere.example", 2525) }

func TestPTR(t *testing.T) {
	t.Parallel()
	const reverse = "7.100.51.198.in-addr.arpa"
	run(t, []expect{
		{"ours", nil, "ptr", Pass, "doctor_ptr_good"},
		{"none", replace(reverse, ""), "ptr", Fail, "doctor_ptr_none"},
		{"one that does not lead back", replace(reverse, reverse+". PTR host7.elsewhere.example."), "ptr", Fail, "doctor_ptr_false"},
		{"one that leads back, and is not how we greet", func(w *world) {
			replace(reverse, reverse+". PTR host7.elsewhere.example.\nhost7.elsewhere.example. A 198.51.100.7")(w)
		}, "ptr", Warn, "doctor_ptr_other"},
		{"with a relay it does not matter", func(w *world) { w.unknownRelay(); w.zone.Remove(reverse) }, "ptr", Pass, "doctor_ptr_relay"},
		{"our address is not known", func(w *world) { w.home() }, "ptr", Unknown, "doctor_no_address"},
		{"silence", fail(reverse), "ptr", Unknown, "line_dns_silent"},
	})
}

// Lists answer as RFC 5782 has it, or as through public resolvers.
func TestBlockLists(t *testing.T) {
	t.Parallel()
	list := func(entries string) func(w *world) {
		return func(w *world) {
			w.set("receive.block-lists", "zen.example:4")
			w.zone.Add("2.0.0.127.zen.example. A 127.0.0.2\n" + entries)
		}
	}
	const ours = "7.100.51.198.zen.example. A "
	run(t, []expect{
		{"clean", list(""), "block-list", Pass, "doctor_list_clean"},
		{"on it", list(ours + "127.0.0.10"), "block-list", Fail, "doctor_list_on"},
		{"on it, with a relay", func(w *world) { w.unknownRelay(); list(ours + "127.0.0.10")(w) }, "block-list", Pass, "doctor_list_relay"},
		// 127.255.255.x is no news of us: a public resolver, or too many questions.
		{"an error of the list", list(ours + "127.255.255.254"), "block-list", Unknown, "doctor_list_unclear"},
		{"a public resolver", func(w *world) {
			w.set("receive.block-lists", "zen.example:4")
			w.zone.Add("2.0.0.127.zen.example. A 127.255.255.254\n" + ours + "127.255.255.254")
		}, "block-list", Unknown, "doctor_list_unclear"},
		{"a resolver that answers everything", list("1.0.0.127.zen.example. A 192.0.2.80\n" + ours + "192.0.2.80"), "block-list", Unknown, "doctor_list_unclear"},
		{"silence", func(w *world) { list("")(w); w.zone.Fail("7.100.51.198.zen.example", "", dns.Timeout) }, "block-list", Unknown, "doctor_list_unclear"},
		{"our address is not known", func(w *world) { w.home() }, "block-list", Unknown, "doctor_no_address"},
	})
}

func TestPorts(t *testing.T) {
	t.Parallel()
	without := func(ports ...string) func(w *world) {
		return func(w *world) {
			for _, p := range ports {
				delete(w.ports, p)
			}
		}
	}
	run(t, []expect{
		{"all", nil, "ports", Pass, "doctor_ports_good"},
		{"none", without(":25", ":80", ":443", ":465", ":587", ":993"), "ports", Fail, "doctor_ports_none"},
		{"no mail", without(":25"), "ports", Fail, "doctor_ports_some"},
		{"no page", without(":80"), "ports", Warn, "doctor_ports_some"},
		{"another program", func(w *world) {
			w.listen(":25", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n") })
		}, "ports", Fail, "doctor_ports_some"},
	})
}

func TestOpenRelay(t *testing.T) {
	t.Parallel()
	answers := func(says func(line string) string) func(w *world) {
		return func(w *world) { w.listen(":25", func(c net.Conn) { mailServer(c, says) }) }
	}
	run(t, []expect{
		{"closed", nil, "open-relay", Pass, "doctor_open_relay_closed"},
		{"later is no yes", answers(func(string) string { return "450 4.7.1 come again" }), "open-relay", Pass, "doctor_open_relay_closed"},
		{"open", answers(func(string) string { return "250 ok" }), "open-relay", Fail, "doctor_open_relay_open"},
		{"open to a trick", answers(func(line string) string {
			if strings.Contains(line, "%") {
				return "250 ok"
			}
			return "550 no"
		}), "open-relay", Fail, "doctor_open_relay_open"},
		{"it is not there", func(w *world) { delete(w.ports, ":25") }, "open-relay", Unknown, "doctor_open_relay_silent"},
		{"it breaks off", func(w *world) { w.listen(":25", func(c net.Conn) { io.WriteString(c, "220 hello\r\n") }) }, "open-relay", Unknown, "doctor_open_relay_unclear"},
	})
}

func TestQueueAge(t *testing.T) {
	t.Parallel()
	queued := func(age time.Duration) func(w *world) {
		return func(w *world) {
			ana, err := w.store.AddAccount(w.t.Context(), message.Address{Local: "ana", Domain: "example.org"}, "a long password")
			w.must(err)
			w.must(w.store.Accept(w.t.Context(), store.Incoming{
				Body: io.NewSectionReader(strings.NewReader("Subject: x\r\n\r\nx\r\n"), 0, 17),
				Send: []store.Outgoing{{
					From: message.Address{Local: "ana", Domain: "example.org"}, Account: ana.ID,
					To: []store.Recipient{{Address: message.Address{Local: "luis", Domain: "example.net"}}},
				}},
			}))
			w.now = w.now.Add(age)
		}
	}
	run(t, []expect{
		{"empty", nil, "queue", Pass, "doctor_queue_empty"},
		{"young", queued(time.Hour), "queue", Pass, "doctor_queue_young"},
		{"old", queued(5 * time.Hour), "queue", Warn, "doctor_queue_old"},
		{"very old", queued(3 * 24 * time.Hour), "queue", Fail, "doctor_queue_old"},
	})
}

func TestBackupAge(t *testing.T) {
	t.Parallel()
	made := func(age time.Duration) func(w *world) {
		return func(w *world) {
			w.must(w.store.Note(w.t.Context(), NoteBackup, "/media/usb/friday.db"))
			w.now = w.now.Add(age)
		}
	}
	run(t, []expect{
		{"never", nil, "backup", Warn, "doctor_backup_none"},
		{"yesterday", made(24 * time.Hour), "backup", Pass, "doctor_backup_made"},
		{"last month", made(30 * 24 * time.Hour), "backup", Warn, "doctor_backup_made"},
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	report := func(kind string, rows ...store.ReportRow) func(w *world) {
		return func(w *world) {
			_, err := w.store.AddReport(w.t.Context(), store.Report{Kind: kind, Domain: "example.org", Reporter: "Elsewhere", Name: "1",
				From: epoch.AddDate(0, 0, -1), Until: epoch, Rows: rows})
			w.must(err)
		}
	}
	row := func(source, dkim, spf string, n int64) store.ReportRow {
		return store.ReportRow{Source: source, DKIM: dkim, SPF: spf, Count: n}
	}
	old := func(w *world) {
		report("dmarc", row("198.51.100.7", "fail", "fail", 5))(w)
		w.now = w.now.Add(30 * 24 * time.Hour)
	}
	run(t, []expect{
		{"none", nil, "dmarc-reports", Unknown, "doctor_reports_none"},
		{"old ones", old, "dmarc-reports", Unknown, "doctor_reports_none"},
		{"all well", report("dmarc", row("198.51.100.7", "pass", "pass", 5), row("192.0.2.66", "fail", "fail", 2)), "dmarc-reports", Pass, "doctor_dmarc_reports_good"},
		{"ours failed", report("dmarc", row("198.51.100.7", "pass", "pass", 5), row("198.51.100.7", "fail", "fail", 1)), "dmarc-reports", Fail, "doctor_dmarc_reports_ours"},
		{"mostly strangers", report("dmarc", row("192.0.2.66", "fail", "fail", 20)), "dmarc-reports", Warn, "doctor_dmarc_reports_strangers"},
		{"no TLS report", nil, "tls-reports", Unknown, "doctor_reports_none"},
		{"TLS is well", report("tls", store.ReportRow{Count: 9}), "tls-reports", Pass, "doctor_tls_reports_good"},
		{"TLS fails now and then", report("tls", store.ReportRow{Count: 9}, store.ReportRow{Result: "certificate-expired", Count: 1}), "tls-reports", Warn, "doctor_tls_reports_bad"},
		{"TLS fails", report("tls", store.ReportRow{Result: "certificate-expired", Count: 9}), "tls-reports", Fail, "doctor_tls_reports_bad"},
	})
}

// The certificate of the world lasts for three months, and the owner's own files hold it.
func TestCert(t *testing.T) {
	t.Parallel()
	at := func(age time.Duration) func(w *world) {
		return func(w *world) { w.files(); w.now = w.now.Add(age) }
	}
	const days = 24 * time.Hour
	run(t, []expect{
		{"self-signed", nil, "cert", Warn, "doctor_cert_waiting"},
		{"self-signed by will", func(w *world) { w.set("cert.way", "off") }, "cert", Warn, "doctor_cert_off"},
		{"refused by the authority", func(w *world) {
			w.must(trust.Cache(w.store).Put(w.t.Context(), "state", []byte(`{"problem":{"code":"caa","at":"2026-12-01T10:00:00Z"}}`)))
		}, "cert", Fail, "doctor_cert_none"},
		{"good, but names are missing", at(0), "cert", Warn, "doctor_cert_names"},
		{"good", func(w *world) { w.wildcard(); w.files() }, "cert", Pass, "doctor_cert_good"},
		{"soon over", at(75 * days), "cert", Warn, "doctor_cert_soon"},
		{"nearly over", at(86 * days), "cert", Fail, "doctor_cert_soon"},
		{"over", at(100 * days), "cert", Fail, "doctor_cert_ended"},
		{"not believed", func(w *world) { w.files(); w.d.Roots = nil }, "cert", Fail, "doctor_cert_chain"},
		{"files that are gone", func(w *world) { w.files(); w.must(w.removeFiles()) }, "cert", Fail, "doctor_cert_file"},
		{"no domain", func(w *world) { w.must(w.store.RemoveDomain(w.t.Context(), "example.org")) }, "cert", Unknown, "doctor_cert_no_domain"},
	})
}

func TestWitnessOfTheAuthority(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.home()
	w.must(trust.Cache(w.store).Put(t.Context(), "state",
		[]byte(`{"names":[{"name":"mail.example.org","problem":{"code":"unreachable","at":"2026-12-01T10:00:00Z"}}]}`)))
	if f := w.look("inbound"); f.Verdict != Fail || f.Reason.Key != "line_inbound_unreachable" {
		t.Errorf("%+v", f)
	}
	w.must(w.store.KeepAcquaintances(t.Context(), []store.Acquaintance{{Source: "192.0.2.0/24", Domain: "example.net"}}))
	if f := w.look("inbound"); f.Verdict != Pass || f.Reason.Key != "line_inbound_mail" {
		t.Errorf("%+v", f)
	}
}

// A relay is asked to let us in, and no more.
func TestRelayLetsUsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.unknownRelay()
	if f := w.look("relay"); f.Verdict != Fail || f.Reason.Key != "line_relay_failed" {
		t.Errorf("%+v", f)
	}
	w.zone.Add("smtp.elsewhere.example. A 192.0.2.25")
	w.listen("192.0.2.25:2525", func(c net.Conn) {
		mailServer(c, func(string) string { t.Error("it was sent a mail"); return "250 ok" })
	})
	if f := w.look("relay"); f.Verdict != Pass {
		t.Errorf("%+v", f)
	}
}

// Where nothing looks right nothing is said to be well, and nothing breaks.
func TestEmptyWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.d.Addresses = func() []netip.Addr { return nil }
	found, err := w.d.Examine(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(checks()) {
		t.Errorf("%d findings of %d checks", len(found), len(checks()))
	}
	for _, f := range found {
		checkWords(t, f)
		if f.Reason.Key == "doctor_broken" {
			t.Errorf("%+v", f)
		}
	}
	if Light(found) != Fail {
		t.Errorf("light %s", Light(found))
	}
}
