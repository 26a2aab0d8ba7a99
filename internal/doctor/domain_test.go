package doctor

import (
	"strings"
	"testing"

	"buzon/internal/dns"
	"buzon/internal/store"
	"buzon/internal/zone"
)

// replace puts other records in the place of all of a name.
func replace(name, records string) func(w *world) {
	return func(w *world) { w.zone.Remove(name); w.zone.Add(records) }
}

func fail(name string) func(w *world) {
	return func(w *world) { w.zone.Fail(name, "", dns.ServFail) }
}

func TestMX(t *testing.T) {
	t.Parallel()
	run(t, []expect{
		{"ours", nil, "mx", Pass, "doctor_mx_good"},
		{"none", replace("example.org", ""), "mx", Fail, "doctor_mx_none"},
		{"null", replace("example.org", "example.org. MX 0 ."), "mx", Fail, "doctor_mx_null"},
		{"another's", replace("example.org", "example.org. MX 10 mx.elsewhere.example."), "mx", Fail, "doctor_mx_other"},
		{"another's first", func(w *world) { w.zone.Add("example.org. MX 5 mx.elsewhere.example.") }, "mx", Fail, "doctor_mx_after"},
		{"another's too", func(w *world) { w.zone.Add("example.org. MX 50 mx.elsewhere.example.") }, "mx", Warn, "doctor_mx_more"},
		{"an alias", replace(theHost, "mail.example.org. CNAME home.example.net."), "mx", Warn, "doctor_mx_alias"},
		{"silence", fail("example.org"), "mx", Unknown, "line_dns_silent"},
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	run(t, []expect{
		{"ours", nil, "address", Pass, "doctor_address_good"},
		{"none", replace(theHost, ""), "address", Fail, "doctor_address_none"},
		{"another's", replace(theHost, "mail.example.org. A 192.0.2.99"), "address", Fail, "doctor_address_other"},
		{"another's too", func(w *world) { w.zone.Add("mail.example.org. A 192.0.2.99") }, "address", Warn, "doctor_address_some"},
		{"silence", fail(theHost), "address", Unknown, "line_dns_silent"},
		{"behind a router", func(w *world) { w.home(); w.zone.Remove(theHost); w.zone.Add("mail.example.org. A 192.0.2.99") }, "address", Unknown, "doctor_address_unknown"},
		// The router leads back in, and our own certificate is shown there: that proves it.
		{"behind a router that leads back", func(w *world) {
			w.home()
			w.ports["198.51.100.7:443"] = w.ports[":443"]
		}, "address", Pass, "doctor_address_good"},
	})
}

func TestSPF(t *testing.T) {
	t.Parallel()
	spf := func(record string) func(w *world) {
		return func(w *world) {
			w.zone.Remove("example.org")
			w.zone.Add("example.org. MX 10 mail.example.org.\nexample.org. TXT \"google-site-verification=x\"\n" + record)
		}
	}
	many := strings.Repeat("a:mail.example.org ", 11)
	relay := func(record string) func(w *world) {
		return func(w *world) {
			spf(record)(w)
			w.relay("smtp.gmail.com", 465)
		}
	}
	run(t, []expect{
		{"ours", nil, "spf", Pass, "doctor_spf_good"},
		{"more than ours", spf(`example.org. TXT "v=spf1 mx ip4:192.0.2.0/24 -all"`), "spf", Pass, "doctor_spf_good"},
		{"none", spf(""), "spf", Fail, "doctor_spf_none"},
		{"two", spf("example.org. TXT \"v=spf1 mx -all\"\nexample.org. TXT \"v=spf1 a -all\""), "spf", Fail, "doctor_spf_several"},
		{"not grammar", spf(`example.org. TXT "v=spf1 mx ipv4:192.0.2.1 -all"`), "spf", Fail, "doctor_spf_broken"},
		{"too many questions", spf(`example.org. TXT "v=spf1 ` + many + `-all"`), "spf", Fail, "doctor_spf_lookups"},
		{"not our address", spf(`example.org. TXT "v=spf1 ip4:192.0.2.1 -all"`), "spf", Fail, "doctor_spf_fails"},
		{"neutral", spf(`example.org. TXT "v=spf1 ip4:192.0.2.1 ?all"`), "spf", Warn, "doctor_spf_neutral"},
		{"silence", fail("example.org"), "spf", Unknown, "line_dns_silent"},
		{"our address is not known", func(w *world) { w.home() }, "spf", Unknown, "doctor_no_address"},
		{"a relay", relay(`example.org. TXT "v=spf1 include:_spf.google.com ~all"`), "spf", Pass, "doctor_spf_good"},
		{"a relay left out", relay(`example.org. TXT "v=spf1 mx ~all"`), "spf", Fail, "doctor_spf_relay"},
		{"an unknown relay", func(w *world) { w.unknownRelay(); spf(`example.org. TXT "v=spf1 mx ~all"`)(w) }, "spf", Unknown, "doctor_spf_relay_unknown"},
		{"an unknown relay forbidden", func(w *world) { w.unknownRelay(); spf(`example.org. TXT "v=spf1 mx -all"`)(w) }, "spf", Warn, "doctor_spf_relay_strict"},
	})
}

func TestDKIM(t *testing.T) {
	t.Parallel()
	active := func(w *world) string {
		keys, err := w.d.ring().Keys(w.t.Context(), "example.org", store.KeyActive)
		w.must(err)
		return keys[0].Name
	}
	next := func(w *world) string {
		keys, err := w.d.ring().Begin(w.t.Context(), "example.org")
		w.must(err)
		return keys[0].Name
	}
	run(t, []expect{
		{"ours", nil, "dkim", Pass, "doctor_dkim_good"},
		{"none", func(w *world) { w.zone.Remove(active(w)) }, "dkim", Fail, "doctor_dkim_missing"},
		{"another's", func(w *world) { replace(active(w), active(w)+`. TXT "v=DKIM1; p=AAAA"`)(w) }, "dkim", Fail, "doctor_dkim_other"},
		{"two", func(w *world) { w.zone.Add(active(w) + `. TXT "v=DKIM1; p=AAAA"`) }, "dkim", Fail, "doctor_dkim_several"},
		{"the next not yet", func(w *world) { next(w) }, "dkim", Warn, "doctor_dkim_next_missing"},
		{"silence", func(w *world) { fail(active(w))(w) }, "dkim", Unknown, "line_dns_silent"},
	})
}

func TestDMARC(t *testing.T) {
	t.Parallel()
	dmarc := func(record string) func(w *world) { return replace("_dmarc.example.org", record) }
	run(t, []expect{
		{"ours", nil, "dmarc", Pass, "doctor_dmarc_good"},
		{"none", dmarc(""), "dmarc", Fail, "doctor_dmarc_none"},
		{"not one", dmarc(`_dmarc.example.org. TXT "v=DMARC2; p=reject"`), "dmarc", Fail, "doctor_dmarc_none"},
		{"two", func(w *world) { w.zone.Add(`_dmarc.example.org. TXT "v=DMARC1; p=reject"`) }, "dmarc", Fail, "doctor_dmarc_several"},
		{"watching", dmarc(`_dmarc.example.org. TXT "v=DMARC1; p=none; rua=mailto:a@example.org"`), "dmarc", Warn, "doctor_dmarc_watching"},
		{"no reports", dmarc(`_dmarc.example.org. TXT "v=DMARC1; p=reject"`), "dmarc", Warn, "doctor_dmarc_no_reports"},
		{"silence", fail("_dmarc.example.org"), "dmarc", Unknown, "line_dns_silent"},
	})
}

func TestMTASTS(t *testing.T) {
	t.Parallel()
	page := func(text string) func(w *world) {
		return func(w *world) { w.page("mta-sts.example.org/.well-known/mta-sts.txt", text) }
	}
	trusted := func(w *world) {
		w.must(w.store.Note(w.t.Context(), "tls.trusted", "yes"))
		w.zone.Remove("_mta-sts.example.org")
		w.publish()
		page(zone.Policy(theHost, true))(w)
	}
	run(t, []expect{
		{"enforced", trusted, "mta-sts", Pass, "doctor_sts_good"},
		{"testing", nil, "mta-sts", Pass, "doctor_sts_testing"},
		{"none", replace("_mta-sts.example.org", ""), "mta-sts", Warn, "doctor_sts_none"},
		{"two", func(w *world) { w.zone.Add(`_mta-sts.example.org. TXT "v=STSv1; id=1"`) }, "mta-sts", Warn, "doctor_sts_broken"},
		{"old", replace("_mta-sts.example.org", `_mta-sts.example.org. TXT "v=STSv1; id=1"`), "mta-sts", Warn, "doctor_sts_old"},
		{"no page", page(""), "mta-sts", Warn, "doctor_sts_unfetched"},
		{"no name", replace("mta-sts.example.org", ""), "mta-sts", Warn, "doctor_sts_unfetched"},
		{"another's policy", page("version: STSv1\nmode: enforce\nmx: mx.elsewhere.example\nmax_age: 86400\n"), "mta-sts", Fail, "doctor_sts_forbids"},
		{"silence", fail("_mta-sts.example.org"), "mta-sts", Unknown, "line_dns_silent"},
	})
}

func TestTLSRPT(t *testing.T) {
	t.Parallel()
	run(t, []expect{
		{"ours", nil, "tls-rpt", Pass, "doctor_tls_rpt_good"},
		{"none", replace("_smtp._tls.example.org", ""), "tls-rpt", Warn, "doctor_tls_rpt_none"},
		{"broken", replace("_smtp._tls.example.org", `_smtp._tls.example.org. TXT "v=TLSRPTv1"`), "tls-rpt", Fail, "doctor_tls_rpt_broken"},
		{"silence", fail("_smtp._tls.example.org"), "tls-rpt", Unknown, "line_dns_silent"},
	})
}

func TestSRV(t *testing.T) {
	t.Parallel()
	run(t, []expect{
		{"ours", nil, "srv", Pass, "doctor_srv_good"},
		{"one is missing", replace("_imaps._tcp.example.org", ""), "srv", Warn, "doctor_srv_missing"},
		{"another port", replace("_imaps._tcp.example.org", "_imaps._tcp.example.org. SRV 0 1 1993 mail.example.org."), "srv", Fail, "doctor_srv_wrong"},
		{"another host", replace("_imaps._tcp.example.org", "_imaps._tcp.example.org. SRV 0 1 993 imap.elsewhere.example."), "srv", Fail, "doctor_srv_wrong"},
		{"plain IMAP after all", replace("_imap._tcp.example.org", "_imap._tcp.example.org. SRV 0 1 143 mail.example.org."), "srv", Fail, "doctor_srv_wrong"},
		// That there is no plain IMAP need not be said.
		{"plain IMAP not denied", replace("_imap._tcp.example.org", ""), "srv", Pass, "doctor_srv_good"},
		{"silence", fail("_imaps._tcp.example.org"), "srv", Unknown, "line_dns_silent"},
	})
}

func TestAutoconfig(t *testing.T) {
	t.Parallel()
	page := func(text string) func(w *world) {
		return func(w *world) { w.page("autoconfig.example.org/mail/config-v1.1.xml", text) }
	}
	run(t, []expect{
		{"ours", nil, "autoconfig", Pass, "doctor_autoconfig_good"},
		{"none", replace("autoconfig.example.org", ""), "autoconfig", Warn, "doctor_autoconfig_none"},
		{"none for Outlook", replace("autodiscover.example.org", ""), "autoconfig", Warn, "doctor_autoconfig_none"},
		{"no certificate for it", func(w *world) { w.d.Roots = nil }, "autoconfig", Warn, "doctor_autoconfig_unfetched"},
		{"another's", page("<hostname>imap.elsewhere.example</hostname>"), "autoconfig", Fail, "doctor_autoconfig_other"},
		{"another machine", replace("autoconfig.example.org", "autoconfig.example.org. A 192.0.2.99"), "autoconfig", Fail, "doctor_autoconfig_other"},
		{"silence", fail("autoconfig.example.org"), "autoconfig", Unknown, "line_dns_silent"},
	})
}
