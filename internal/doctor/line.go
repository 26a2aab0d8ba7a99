package doctor

import (
	"context"
	"net"
	"strconv"

	"buzon/internal/acme"
	"buzon/internal/finding"
	"buzon/internal/line"
	"buzon/internal/outbound"
	"buzon/internal/outside"
	"buzon/internal/records"
	"buzon/internal/trust"
)

// maxRelays are tried; who has more knows them.
const maxRelays = 3

// newLine is package line over the file and the ways out.
func (e *exam) newLine(ctx context.Context) (*line.Line, error) {
	l := &line.Line{
		Resolver: e.resolver, Dial: e.Dial, Host: e.mainHost(), Way: e.Store.Settings().SendWay,
		Machine: e.Addresses(), Router: e.Router, Now: e.Now,
		Here: func(ctx context.Context, port int) (net.Conn, error) { return e.Here(ctx, "tcp", e.ports.at(port)) },
		Port25: func(context.Context) (open, known bool) {
			found := e.port25()
			return found.open, found.known
		},
	}
	if address := e.Store.Settings().OutsideEye; address != "" {
		l.Eye = &outside.Client{Address: address, Dial: e.Dial}
	}
	relays, err := e.Store.Relays(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range relays[:min(len(relays), maxRelays)] {
		l.Relays = append(l.Relays, line.Relay{Name: net.JoinHostPort(r.Host, strconv.Itoa(r.Port)), Try: e.tryRelay(outbound.Relay(r))})
	}
	l.Witness, err = e.witness(ctx)
	return l, err
}

// mainHost is the name that everything else hangs on: of the first domain, if no name is set for all.
func (e *exam) mainHost() string {
	if len(e.domains) == 0 {
		return ""
	}
	return ascii(records.Host(e.Store, e.domains[0]))
}

func (e *exam) tryRelay(r outbound.Relay) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		for _, step := range e.Sending.Sender.GreetRelay(ctx, r) {
			if step.Err != nil {
				return false, step.Err.Error()
			}
		}
		return true, ""
	}
}

// witness is what the file tells of who came in.
func (e *exam) witness(ctx context.Context) (w line.Witness, err error) {
	if w.Mail, err = e.Store.LastAcquainted(ctx); err != nil {
		return w, err
	}
	s, err := trust.Read(ctx, e.Store)
	if err != nil {
		return w, err
	}
	for _, n := range s.State.Names {
		if n.Problem != nil && n.Problem.Code == acme.Unreachable && n.Problem.At.After(w.Unreachable) {
			w.Unreachable = n.Problem.At
		}
	}
	if s.Origin == trust.FromAuthority && len(s.Shown) > 0 {
		w.Authority = s.Shown[0].From
		w.Port = map[acme.Way]int{acme.HTTP: 80, acme.TLSALPN: 443}[s.State.Way]
	}
	return w, nil
}

// lineCheck makes a row of the table of a look at the line.
func lineCheck(look func(context.Context, *exam) Finding) func(context.Context, *exam, string) (Finding, error) {
	return func(ctx context.Context, e *exam, _ string) (Finding, error) { return look(ctx, e), nil }
}

func outbound25(ctx context.Context, e *exam) Finding { return e.line.Outbound(ctx) }
func relay(ctx context.Context, e *exam) Finding      { return e.line.Relay(ctx) }
func inbound(ctx context.Context, e *exam) Finding    { return e.line.Inbound(ctx, e.where()) }
func cgnat(ctx context.Context, e *exam) Finding      { return e.line.CGNAT(ctx, e.where()) }
func hairpin(_ context.Context, e *exam) Finding      { return e.hairpin() }
func ipv6(ctx context.Context, e *exam) Finding       { return e.line.IPv6(ctx, e.where()) }
func clockRight(ctx context.Context, e *exam) Finding { return line.Clock(ctx, e.Clock) }

// disk tells that the card is full, or worn out. Where the folder is not known nothing is.
func disk(_ context.Context, e *exam) Finding {
	if e.Folder == "" {
		return finding.NotKnown(finding.Say("doctor_no_time"), finding.Say("doctor_cure_again"))
	}
	return line.Disk(e.Folder)
}
