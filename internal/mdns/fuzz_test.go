package mdns

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// FuzzReceive gives a box whatever octets, in each phase: it must neither fall nor grow, nor say what cannot be sent.
func FuzzReceive(f *testing.F) {
	seed := func(m *dns.Msg) {
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, true)
		f.Add(b, false)
	}
	n := namesOf("buzon")
	told := linkOf("192.168.1.5", "fe80::5").Told
	answer, probe := new(dns.Msg), question(n.host, dns.TypeANY)
	answer.Response = true
	answer.Answer = n.records(255, told, 80)
	probe.Ns = n.records(claimed, linkOf("192.168.1.6").Told, 81)
	for _, m := range []*dns.Msg{answer, probe, question(n.host, dns.TypeA), question(pages, dns.TypePTR), question(n.page, dns.TypeSRV)} {
		seed(m)
	}
	f.Add([]byte("\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05buzon\x05local\x00\x00\x01\x80\x01"), true)
	f.Fuzz(func(t *testing.T, b []byte, legacy bool) {
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		sent := 0
		h := newHost("buzon", 80, func(p packet) {
			sent++
			if b, err := p.message.Pack(); err != nil || len(b) > 1400 {
				t.Errorf("%d octets, %v: %v", len(b), err, p.message)
			}
		})
		link := linkOf("192.168.1.5", "fe80::5")
		h.setLinks(now, []Link{link}, link.Own)
		peer := netip.MustParseAddrPort("192.168.1.99:5353")
		if legacy {
			peer = netip.MustParseAddrPort("192.168.1.99:53000")
		}
		for range 4 * 20 {
			if m, err := parse(b); err == nil {
				h.receive(now, packet{link: link.key(), peer: peer, message: m, private: legacy})
			}
			now = now.Add(100 * time.Millisecond)
			h.act(now)
		}
		if n := len(h.links[link.key()].late); sent > 300 || n > maxLate || len(h.conflicts) > 100 {
			t.Errorf("%d packets, %d wait, %d conflicts", sent, n, len(h.conflicts))
		}
	})
}
