package line

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/outside"
)

// Inbound tells whether the world comes in on the ports of mail.
func (l *Line) Inbound(_ context.Context, w Where) finding.Finding {
	switch {
	case len(w.Eye) > 0:
		return seen(w)
	case w.shared():
		return finding.Failed(say("line_inbound_shared"), say("line_cure_shared"))
	case l.recent(l.Witness.Mail):
		return finding.Passed(say("line_inbound_mail", "day", day(l.Witness.Mail)))
	case l.recent(l.Witness.Unreachable) && !l.Witness.Unreachable.Before(l.Witness.Authority):
		return finding.Failed(say("line_inbound_unreachable", "day", day(l.Witness.Unreachable)), say("line_cure_forward"))
	case w.EyeError != nil:
		return finding.NotKnown(say("line_inbound_eye_silent", "err", w.EyeError.Error()), say("line_cure_eye"))
	case l.recent(l.Witness.Authority) && l.Witness.Port != 0:
		return finding.NotKnown(
			say("line_inbound_authority", "port", number(l.Witness.Port), "day", day(l.Witness.Authority)), say("line_cure_test_mail"))
	}
	return finding.NotKnown(say("line_inbound_unknown"), say("line_cure_test_mail"))
}

func (l *Line) recent(t time.Time) bool { return !t.IsZero() && l.Now().Sub(t) < fresh }

// seen is what the eye saw. Port 25 is mail itself; without the others phones away from home, or the certificate, fail.
func seen(w Where) finding.Finding {
	var closed, closed25 []string
	for _, answer := range w.Eye {
		for _, port := range outside.Ports() {
			if answer.Find(port).State == outside.Open {
				continue
			}
			closed = append(closed, number(port))
			if port == 25 {
				closed25 = append(closed25, answer.Address.String())
			}
		}
	}
	slices.Sort(closed)
	ports := strings.Join(slices.Compact(closed), ", ")
	switch {
	case len(closed25) > 0:
		return finding.Failed(say("line_inbound_mail_shut", "address", strings.Join(closed25, ", "), "ports", ports), say("line_cure_forward"))
	case ports != "":
		return finding.Warned(say("line_inbound_some_shut", "ports", ports), say("line_cure_forward_some", "ports", ports))
	}
	return finding.Passed(say("line_inbound_open"))
}

// shared tells that the router's own address is not one that the world could reach.
func (w Where) shared() bool { return w.Router.IsValid() && !dns.IsPublic(w.Router) }

// CGNAT tells whether the line's address is shared with other customers (RFC 6598), or lies behind a second router.
func (l *Line) CGNAT(_ context.Context, w Where) finding.Finding {
	if slices.ContainsFunc(public(l.Machine), netip.Addr.Is4) {
		return finding.Passed(say("line_cgnat_own"))
	}
	if !w.Router.IsValid() {
		for _, a := range l.Machine {
			if isShared(a) {
				return finding.Warned(say("line_cgnat_machine", "address", a.String()), say("line_cure_shared"))
			}
		}
		return finding.NotKnown(say("line_cgnat_unknown"), say("line_cure_router_page"))
	}
	switch eye := w.eyeIPv4(); {
	case isShared(w.Router):
		return finding.Warned(say("line_cgnat_shared", "address", w.Router.String()), say("line_cure_shared"))
	case !dns.IsPublic(w.Router):
		return finding.Warned(say("line_cgnat_double", "address", w.Router.String()), say("line_cure_double"))
	case eye.IsValid() && eye != w.Router:
		return finding.Warned(say("line_cgnat_differs", "address", w.Router.String(), "seen", eye.String()), say("line_cure_shared"))
	}
	return finding.Passed(say("line_cgnat_none", "address", w.Router.String()))
}

// isShared: RFC 6598 §7.
func isShared(a netip.Addr) bool {
	a = a.Unmap()
	return a.Is4() && !a.IsPrivate() && a.IsGlobalUnicast() && !dns.IsPublic(a)
}

func (w Where) eyeIPv4() netip.Addr {
	for _, answer := range w.Eye {
		if answer.Address.Is4() {
			return answer.Address
		}
	}
	return netip.Addr{}
}
