package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// RFC2136Zone is a server (host:port) that takes updates signed with key as a Provider. now is for the signature.
func RFC2136Zone(server string, key Key, dial func(ctx context.Context, network, address string) (net.Conn, error), now func() time.Time) Provider {
	u := &updater{server: server, key: key, dial: dial, now: now}
	return Provider{Read: u.read, Put: u.put, Holds: everything}
}

// read asks for each kind. A CNAME comes with the answer for any.
func (u *updater) read(ctx context.Context, name string, kinds []string) ([]Record, error) {
	at := wire.CanonicalName(name)
	var list []Record
	for _, kind := range kinds {
		r, err := u.exchange(ctx, new(wire.Msg).SetQuestion(at, wire.StringToType[kind]))
		if errors.Is(err, errNoName) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, rr := range r.Answer {
			if wire.CanonicalName(rr.Header().Name) != at { // what a CNAME leads to
				continue
			}
			found := recordOf(rr)
			if slices.Contains(Kinds(), found.Type) && !slices.ContainsFunc(list, found.Same) {
				list = append(list, found)
			}
		}
	}
	return list, nil
}

// recordOf is a record of the wire as we have it.
func recordOf(rr wire.RR) Record {
	h := rr.Header()
	r := Record{Name: strings.TrimSuffix(wire.CanonicalName(h.Name), "."), Type: wire.TypeToString[h.Rrtype], TTL: int(h.Ttl)}
	if t, ok := rr.(*wire.TXT); ok {
		r.Value = unquote(`"` + strings.Join(t.Txt, "") + `"`) // the library keeps escapes
		return r
	}
	r.Value = strings.TrimSpace(strings.TrimPrefix(rr.String(), h.String()))
	return r
}

// wireOf is a record for the wire.
func wireOf(r Record) (wire.RR, error) {
	value := r.Value
	if r.Type == "TXT" {
		value = quote(value)
	}
	rr, err := wire.NewRR(fmt.Sprintf("%s %d IN %s %s", wire.CanonicalName(r.Name), max(r.TTL, ttl), r.Type, value))
	if err == nil && rr == nil {
		err = fmt.Errorf("%s %s is empty", r.Name, r.Type)
	}
	return rr, err
}

// put is one update for each zone: all of it or nothing, and nothing if a set is not any more as it was read (RFC 2136
// §2.4.2).
func (u *updater) put(ctx context.Context, sets []Set) error {
	updates := map[string]*wire.Msg{}
	for _, s := range sets {
		if len(without(s.Want, s.Have))+len(without(s.Have, s.Want)) == 0 {
			continue
		}
		zone, err := u.zone(ctx, wire.CanonicalName(s.Name))
		if err != nil {
			return err
		}
		if updates[zone] == nil {
			updates[zone] = new(wire.Msg).SetUpdate(zone)
		}
		if err := change(updates[zone], s); err != nil {
			return err
		}
	}
	for _, m := range updates {
		order(m)
		if _, err := u.exchange(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// change adds a set to an update: what must be so, what goes, what comes.
func change(m *wire.Msg, s Set) error {
	have, err := wires(s.Have)
	if err != nil {
		return err
	}
	gone, err := wires(without(s.Have, s.Want))
	if err != nil {
		return err
	}
	come, err := wires(without(s.Want, s.Have))
	if err != nil {
		return err
	}
	if len(have) > 0 {
		m.Used(have)
	} else {
		empty := &wire.ANY{Hdr: wire.RR_Header{Name: wire.CanonicalName(s.Name), Rrtype: wire.StringToType[s.Type]}}
		m.RRsetNotUsed([]wire.RR{empty})
	}
	m.Remove(gone)
	m.Insert(come)
	return nil
}

// wires is wireOf of each.
func wires(list []Record) (out []wire.RR, err error) {
	for _, r := range list {
		rr, err := wireOf(r)
		if err != nil {
			return nil, err
		}
		out = append(out, rr)
	}
	return out, nil
}

// order puts what goes before what comes: a server works them off one by one, and ignores a CNAME beside others (RFC 2136
// §3.4.2.2).
func order(m *wire.Msg) {
	slices.SortStableFunc(m.Ns, func(a, b wire.RR) int {
		return rank(a) - rank(b)
	})
}

func rank(rr wire.RR) int {
	if rr.Header().Class == wire.ClassNONE {
		return 0
	}
	return 1
}
