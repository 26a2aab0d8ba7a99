package doctor

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/message"
)

// direct tells whether mail leaves from here, and not through a relay.
func (e *exam) direct(ctx context.Context) (bool, error) {
	relays, err := e.Store.Relays(ctx)
	if err != nil {
		return false, err
	}
	switch e.Store.Settings().SendWay {
	case config.WayDirect:
		return true, nil
	case config.WayRelay:
		return false, nil
	}
	return len(relays) == 0 || e.port25().open, nil
}

// leaving are the addresses that others see mail come from: the one chosen, else all that we have.
func (e *exam) leaving() []netip.Addr {
	if a, err := netip.ParseAddr(e.Store.Settings().SourceAddress); err == nil && dns.IsPublic(a) {
		return []netip.Addr{a}
	}
	return e.where().Public
}

// checkPTR looks whether our addresses have names that lead back to them (RFC 8601 §2.7.3), and that are the one by which
// we greet (RFC 5321 §4.1.4). Big receivers refuse mail from others.
func checkPTR(ctx context.Context, e *exam, _ string) (Finding, error) {
	direct, err := e.direct(ctx)
	switch {
	case err != nil:
		return Finding{}, err
	case !direct:
		return finding.Passed(finding.Say("doctor_ptr_relay")), nil
	}
	addrs := e.leaving()
	if len(addrs) == 0 {
		return finding.NotKnown(finding.Say("doctor_no_address"), finding.Say("doctor_cure_eye")), nil
	}
	hello := ascii(e.Sending.Sender.Hello(ctx))
	worst := finding.Passed(finding.Say("doctor_ptr_good", "hello", hello))
	for _, a := range addrs {
		if f := e.reverse(ctx, a, hello); worse(f, worst) {
			worst = f
		}
	}
	return worst, nil
}

// worse orders findings of one check: what failed outweighs what is not known.
func worse(f, than Finding) bool {
	order := []Verdict{Pass, Unknown, Warn, Fail}
	return slices.Index(order, f.Verdict) > slices.Index(order, than.Verdict)
}

func (e *exam) reverse(ctx context.Context, a netip.Addr, hello string) Finding {
	r := dns.LookupReverse(ctx, e.resolver, a)
	address := a.String()
	switch {
	case r.Result == dns.ReverseTempError:
		return finding.NotKnown(finding.Say("line_dns_silent", "name", address), finding.Say("line_cure_network"))
	case r.Result == dns.ReverseFail:
		return finding.Failed(
			finding.Say("doctor_ptr_false", "address", address, "name", strings.Join(short(r.Claimed), ", ")),
			finding.Say("doctor_cure_ptr", "address", address, "hello", hello))
	case r.Result != dns.ReversePass:
		return finding.Failed(finding.Say("doctor_ptr_none", "address", address), finding.Say("doctor_cure_ptr", "address", address, "hello", hello))
	case !slices.Contains(r.Names, hello):
		return finding.Warned(
			finding.Say("doctor_ptr_other", "address", address, "name", r.Name(), "hello", hello),
			finding.Say("doctor_cure_hello", "name", r.Name()))
	}
	return finding.Passed(finding.Say("doctor_ptr_good", "hello", hello))
}

// ascii is a name as DNS has it.
func ascii(name string) string {
	return strings.ToLower((message.Address{Domain: strings.TrimSuffix(name, ".")}).ASCIIDomain())
}

// short is a list for a sentence: what others publish may be long.
func short(list []string) []string {
	const most = 4
	if len(list) > most {
		return append(slices.Clone(list[:most]), "…")
	}
	return list
}
