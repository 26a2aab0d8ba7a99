package doctor

import (
	"context"
	"net/netip"
	"strings"

	"buzon/internal/config"
	"buzon/internal/finding"
	"buzon/internal/gate"
)

// listed is what the lists say of our addresses together.
type listed struct {
	on, clean, unclear []string // "ADDRESS on LIST"; lists; lists
}

// checkBlockLists asks the lists that others ask about us. Those of the settings are asked; an owner who asks none of
// others is still on what the world asks.
func checkBlockLists(ctx context.Context, e *exam, _ string) (Finding, error) {
	direct, err := e.direct(ctx)
	if err != nil {
		return Finding{}, err
	}
	addrs := e.leaving()
	if len(addrs) == 0 {
		return finding.NotKnown(finding.Say("doctor_no_address"), finding.Say("doctor_cure_eye")), nil
	}
	lists := e.Store.Settings().BlockLists
	if len(lists) == 0 {
		lists = config.Default().BlockLists
	}
	var found listed
	for _, list := range lists {
		e.askList(ctx, list.Zone, addrs, &found)
	}
	return found.judge(direct), nil
}

// askList tries a list out first (RFC 5782 §5): through public resolvers some answer 127.255.255.x, or nothing, whoever is asked
// for, which is no news of us.
func (e *exam) askList(ctx context.Context, zone string, addrs []netip.Addr, found *listed) {
	on, _ := gate.AskList(ctx, e.resolver, zone, netip.AddrFrom4([4]byte{127, 0, 0, 2}))
	off, _ := gate.AskList(ctx, e.resolver, zone, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	if on != gate.ListHas || off != gate.ListClean {
		found.unclear = append(found.unclear, zone)
		return
	}
	clean := true
	for _, a := range addrs {
		switch listing, code := gate.AskList(ctx, e.resolver, zone, a); listing {
		case gate.ListHas:
			found.on = append(found.on, a.String()+": "+zone+" ("+code.String()+")")
			clean = false
		case gate.ListClean:
		default:
			found.unclear = append(found.unclear, zone)
			return
		}
	}
	if clean {
		found.clean = append(found.clean, zone)
	}
}

func (l listed) judge(direct bool) Finding {
	switch {
	case len(l.on) > 0 && direct:
		return finding.Failed(finding.Say("doctor_list_on", "lists", strings.Join(short(l.on), "; ")), finding.Say("doctor_cure_list"))
	case len(l.on) > 0:
		return finding.Passed(finding.Say("doctor_list_relay", "lists", strings.Join(short(l.on), "; ")))
	case len(l.clean) == 0:
		return finding.NotKnown(finding.Say("doctor_list_unclear", "lists", strings.Join(short(l.unclear), ", ")), finding.Say("doctor_cure_list_resolver"))
	}
	return finding.Passed(finding.Say("doctor_list_clean", "lists", strings.Join(l.clean, ", ")))
}
