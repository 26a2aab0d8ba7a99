package zone

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"buzon/internal/message"
)

// spf says by which servers mail of the domain may come (RFC 7208).
func (z *zone) spf() {
	value := "v=spf1"
	if z.Out.Direct {
		value += " mx" // and not the address of today: a home's changes
	}
	own := addresses(z.Out.Sources)
	value += own
	for _, name := range z.Out.Includes {
		value += " include:" + name
	}
	z.add(ForSPF, z.Domain, "TXT", value+z.others())
	// RFC 7208 §2.4: a bounce has no sender, and is judged by the name in EHLO.
	if z.Out.Direct && z.Host != z.Domain && Within(z.Host, z.Domain) {
		z.add(ForSPF, z.Host, "TXT", "v=spf1 a"+own+" ~all")
	}
}

// others is what SPF says of all other servers. "~all" and not "-all": with the
// latter some refuse forwarded mail before they have seen its DKIM signature,
// which passes DMARC. Where a relay's addresses are not known nothing is claimed
// (RFC 7208 §8.2), or our own mail would count as forged.
func (z *zone) others() string {
	if z.Out.Unknown {
		return " ?all"
	}
	return " ~all"
}

func addresses(list []netip.Addr) string {
	var b strings.Builder
	for _, a := range list {
		if a = a.Unmap().WithZone(""); a.Is4() {
			b.WriteString(" ip4:" + a.String())
		} else {
			b.WriteString(" ip6:" + a.String())
		}
	}
	return b.String()
}

// dmarc says what others shall do with mail that only claims to be ours (RFC
// 7489). To the junk with it, not refused: every mail is signed from the first
// day, but what a mailing list changed on the way is honest and yet fails.
func (z *zone) dmarc() {
	z.add(ForDMARC, "_dmarc."+z.Domain, "TXT", "v=DMARC1; p=quarantine; rua="+mailto(z.Reports))
}

// sts says that there is a policy on TLS, and where (RFC 8461 §3.1).
func (z *zone) sts() {
	z.add(ForSTS, "_mta-sts."+z.Domain, "TXT", "v=STSv1; id="+policyID(Policy(z.Host, z.Enforce)))
	z.alias(ForSTS, "mta-sts")
}

// How long senders keep our policy (RFC 8461 §3.2). One that is enforced is to
// be kept for weeks, so that an attacker has to wait as long; yet a home that
// moves to another server must not lose mail for more than one.
const (
	testingAge = 24 * time.Hour
	enforceAge = 7 * 24 * time.Hour
)

// Policy is the MTA-STS policy of our domains (RFC 8461 §3.2), to be served at
// https://mta-sts.DOMAIN/.well-known/mta-sts.txt. Without enforce, which wants a
// certificate that the world trusts for host, it only asks for reports. host may
// be in U-labels.
func Policy(host string, enforce bool) string {
	if ascii, err := alabels(host); err == nil {
		host = ascii
	}
	mode, age := "testing", testingAge
	if enforce {
		mode, age = "enforce", enforceAge
	}
	return fmt.Sprintf("version: STSv1\r\nmode: %s\r\nmx: %s\r\nmax_age: %d\r\n", mode, host, int(age.Seconds()))
}

// policyID changes with the policy (RFC 8461 §3.1: at most 32 letters and digits).
func policyID(policy string) string {
	sum := sha256.Sum256([]byte(policy))
	return hex.EncodeToString(sum[:10])
}

// mailto is an address for reports (RFC 7489 §6.2: "," and "!" are encoded).
func mailto(a message.Address) string {
	return "mailto:" + url.PathEscape(a.Local) + "@" + a.ASCIIDomain()
}
