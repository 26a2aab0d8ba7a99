// Package zone is what has to stand in DNS for a domain whose mail comes here:
// all records as data, and as the text of a zone file. It asks nobody and knows
// no setting; Facts tell it everything.
//
// Names are in A-labels (RFC 5890) everywhere. RFC 1035 (form), 5321 (MX), 7208
// (SPF), 6376 (DKIM), 7489 (DMARC), 8461 (MTA-STS), 8460 (TLS-RPT), 6186 and
// 8314 (SRV), draft-ietf-mailmaint-pacc.
package zone

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"buzon/internal/message"
)

// Record is one record of the zone.
type Record struct {
	Name    string // whole, without the final dot
	Type    string // "MX", "A", "AAAA", "TXT", "SRV" or "CNAME"
	TTL     time.Duration
	Value   string // as in a zone file, names in it with their final dot; of a TXT the text alone, unquoted and in one piece
	Purpose Purpose
}

// Purpose is the key of a text (package text) that says what a record is for.
type Purpose string

// The purposes, in the order of Records.
const (
	ForMail        Purpose = "dns_mx"
	ForHost        Purpose = "dns_host"
	ForSPF         Purpose = "dns_spf"
	ForDKIM        Purpose = "dns_dkim"
	ForDKIMNext    Purpose = "dns_dkim_next"
	ForDKIMRetired Purpose = "dns_dkim_retired"
	ForDMARC       Purpose = "dns_dmarc"
	ForSTS         Purpose = "dns_mta_sts"
	ForTLSReports  Purpose = "dns_tls_rpt"
	ForPrograms    Purpose = "dns_programs"
	ForOff         Purpose = "dns_off"
)

// Facts are what the records follow from.
type Facts struct {
	Domain    string       // U-labels or A-labels
	Host      string       // the name of this server, likewise
	Addresses []netip.Addr // where the world reaches Host; none: not known, and no record
	Out       WaysOut
	Keys      []Key
	Reports   message.Address // gets the reports of other servers on what they saw of our mail
	Enforce   bool            // the MTA-STS policy is more than a test
	Services  []Service
}

// WaysOut are by which servers mail of the domain leaves.
type WaysOut struct {
	Direct   bool         // from our own addresses
	Sources  []netip.Addr // further own addresses that it leaves from
	Includes []string     // the SPF names of relays
	Unknown  bool         // there is a relay whose addresses nobody told us
}

// Key is a DKIM key to publish.
type Key struct {
	Name    string  // of the record, whole, in A-labels
	Text    string  // of the record
	Purpose Purpose // ForDKIM, ForDKIMNext or ForDKIMRetired
}

// Service is what mail programs look up (RFC 6186 §3, RFC 8314 §5).
type Service struct {
	Name     string // such as "imaps"
	Port     int    // 0: there is none, which is said too
	Priority int    // the lowest is preferred
}

// Services are those of an appliance on standard ports. Plain IMAP and POP3 are
// denied, that no program asks for a password in clear (RFC 8314 §4).
func Services() []Service {
	return []Service{
		{Name: "imaps", Port: 993},
		{Name: "pop3s", Port: 995, Priority: 10}, // a program that knows both is to take IMAP
		{Name: "submissions", Port: 465},
		{Name: "submission", Port: 587, Priority: 10}, // RFC 8314 §3.3 prefers the other
		{Name: "autodiscover", Port: 443},             // where Outlook looks at last (MS-OXDISCO §3.1.5.2)
		{Name: "imap"},
		{Name: "pop3"},
	}
}

// Port is where programs out there find a service, by the name of its SRV record, which tells the same; 0 is nowhere. That is
// so on an appliance with other ports, too: who asks it came to port 443 or 80, which somebody leads there with the others.
func Port(service string) int {
	for _, s := range Services() {
		if s.Name == service {
			return s.Port
		}
	}
	return 0
}

// How long others may keep what they asked for.
const (
	usual  = time.Hour       // a mistake is mended within it
	moving = 5 * time.Minute // the address of a home changes
)

// zone is the facts with their names in A-labels.
type zone struct {
	Facts
	records []Record
}

// Records are all records of the domain, grouped by purpose. An error means that
// a name cannot stand in DNS.
func Records(f Facts) ([]Record, error) {
	for _, name := range []*string{&f.Domain, &f.Host} {
		ascii, err := alabels(*name)
		if err != nil {
			return nil, err
		}
		*name = ascii
	}
	z := zone{Facts: f}
	z.add(ForMail, f.Domain, "MX", "10 "+f.Host+".")
	z.host()
	z.spf()
	z.records = append(z.records, KeyRecords(f.Keys)...)
	z.dmarc()
	z.sts()
	z.add(ForTLSReports, "_smtp._tls."+f.Domain, "TXT", "v=TLSRPTv1; rua="+mailto(f.Reports)) // RFC 8460 §3
	return z.records, z.programs()
}

// alabels is a host or domain name as it stands in DNS.
func alabels(name string) (string, error) {
	a, err := message.ParseAddress("postmaster@" + strings.TrimSuffix(name, "."))
	if err != nil || strings.HasPrefix(a.Domain, "[") {
		return "", fmt.Errorf("zone: %q is not a name for DNS", name)
	}
	return a.ASCIIDomain(), nil
}

func (z *zone) add(p Purpose, name, kind, value string) {
	ttl := usual
	if p == ForHost {
		ttl = moving
	}
	z.records = append(z.records, Record{name, kind, ttl, value, p})
}

// Within tells whether a name belongs into the zone of a domain, both in the
// same kind of labels.
func Within(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// host is where the server is, if its name is one of this domain's.
func (z *zone) host() {
	if !Within(z.Host, z.Domain) {
		return
	}
	for _, a := range z.Addresses {
		kind := "AAAA"
		if a = a.Unmap(); a.Is4() {
			kind = "A"
		}
		z.add(ForHost, z.Host, kind, a.WithZone("").String())
	}
}

// alias lets a name of the domain lead to the server.
func (z *zone) alias(p Purpose, label string) {
	if name := label + "." + z.Domain; name != z.Host {
		z.add(p, name, "CNAME", z.Host+".")
	}
}

// programs is how mail programs find the server by the address alone.
func (z *zone) programs() error {
	for _, s := range z.Services {
		if s.Port != 0 {
			z.add(ForPrograms, s.name(z.Domain), "SRV", fmt.Sprintf("%d 1 %d %s.", s.Priority, s.Port, z.Host))
		}
	}
	z.alias(ForPrograms, "autoconfig")   // Thunderbird and those that learned from it
	z.alias(ForPrograms, "autodiscover") // Outlook
	if err := z.pacc(); err != nil {
		return err
	}
	for _, s := range z.Services {
		if s.Port == 0 {
			z.add(ForOff, s.name(z.Domain), "SRV", "0 0 0 .") // RFC 2782: decidedly not available
		}
	}
	return nil
}

func (s Service) name(domain string) string { return "_" + s.Name + "._tcp." + domain }
