package gate

import (
	"context"
	"fmt"
	"sync"

	"buzon/internal/config"
	"buzon/internal/dns"
)

// look is what DNS says of a client, found out in the background.
type look struct {
	finished chan struct{}
	// Of the goroutine until finished is closed:
	reverse dns.Reverse
	lists   []config.BlockList // that the client is on
}

// begin starts the questions. asked tells whether block lists are among them.
func (s *Session) begin(asked bool) {
	l := &look{finished: make(chan struct{}), reverse: dns.Reverse{Result: dns.ReverseTempError}}
	s.look = l
	var lists []config.BlockList
	if asked {
		lists = s.gate.Settings().BlockLists
	}
	go func() {
		defer close(l.finished)
		ctx, cancel := context.WithTimeout(s.ctx, s.gate.Limits.GateTime)
		defer cancel()
		select {
		case s.gate.turns <- struct{}{}:
			defer func() { <-s.gate.turns }()
			l.ask(ctx, s, lists)
		case <-ctx.Done(): // nothing is known
		}
	}()
}

// ask asks everything side by side.
func (l *look) ask(ctx context.Context, s *Session, lists []config.BlockList) {
	listed := make([]bool, len(lists))
	var all sync.WaitGroup
	for i, list := range lists {
		all.Go(func() { listed[i] = s.gate.lists.lists(ctx, list.Zone, s.client) })
	}
	l.reverse = dns.LookupReverse(ctx, s.gate.Resolver, s.client)
	all.Wait()
	for i, yes := range listed {
		if yes {
			l.lists = append(l.lists, lists[i])
		}
	}
}

// wait lasts until all is found out, or ctx is over. Of a nil look, and before the end, nothing is known.
func (l *look) wait(ctx context.Context) bool {
	if l == nil {
		return false
	}
	select {
	case <-l.finished:
		return true
	default:
	}
	select {
	case <-l.finished:
		return true
	case <-ctx.Done():
		return false
	}
}

// names are the confirmed names of the client.
func (l *look) names(ctx context.Context) dns.Reverse {
	if !l.wait(ctx) {
		return dns.Reverse{Result: dns.ReverseTempError}
	}
	return l.reverse
}

// listed are the block lists that the client is on.
func (l *look) listed(ctx context.Context) []config.BlockList {
	if !l.wait(ctx) {
		return nil
	}
	return l.lists
}

// findings say it in words. A missing reverse name alone proves nothing: many homes and small hosts have none.
func (l *look) findings(ctx context.Context) (all []Finding) {
	for _, list := range l.listed(ctx) {
		all = append(all, Finding{"listed", list.Points, list.Zone + " lists the sending server"})
	}
	switch r := l.names(ctx); r.Result {
	case dns.ReversePermError:
		all = append(all, Finding{"no-reverse-name", 1, "the address of the sending server has no name in DNS"})
	case dns.ReverseFail:
		all = append(all, Finding{"false-reverse-name", 1, fmt.Sprintf("the name %.64q of the sending server does not lead back to it", first(r.Claimed))})
	}
	return all
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
