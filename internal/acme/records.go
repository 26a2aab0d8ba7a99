package acme

import (
	"context"
	"slices"
	"strings"
	"time"

	"buzon/internal/dnsupdate"
)

const (
	seenEvery = 3 * time.Second
	// seenTime is how long to wait for a record until the authority is asked all the same: some lines do not let us ask
	// other servers, and most providers are quicker.
	seenTime   = 3 * time.Minute
	removeTime = 20 * time.Second
)

// proveByRecords sets the TXT records one after the other: some providers have room for one at a time.
func (m *Manager) proveByRecords(ctx context.Context, a *authority, s Settings, _ Way, proofs []proof, failed failures) error {
	if s.Manual {
		return m.proveByHand(ctx, a, proofs, failed)
	}
	if s.Write == nil {
		return problem(NoWay, "no DNS provider is set")
	}
	for _, p := range proofs {
		if err := m.proveByRecord(ctx, a, s, p, failed); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manager) proveByRecord(ctx context.Context, a *authority, s Settings, p proof, failed failures) error {
	todo, err := record(a, p)
	if err != nil {
		return err
	}
	if err := s.Write(ctx, dnsupdate.Change{Name: todo.Name, Text: todo.Text}); err != nil {
		failed[p.name] = problem(Provider, err.Error())
		return ctx.Err()
	}
	defer m.removeRecord(ctx, s, todo)
	seen, err := m.awaitSeen(ctx, todo)
	if err != nil {
		return err
	}
	if err := accept(ctx, a, p, failed); err != nil || failed[p.name] != nil {
		return err
	}
	if err := await(ctx, a, p, failed); err != nil {
		return err
	}
	if why := failed[p.name]; why != nil && !seen {
		failed[p.name] = problem(NotSeen, why.Error())
	}
	return nil
}

// record is what the authority wants to see in DNS.
func record(a *authority, p proof) (Todo, error) {
	text, err := a.DNS01ChallengeRecord(p.challenge.Token)
	return Todo{Name: "_acme-challenge." + p.name, Text: text}, err // RFC 8555 §8.4
}

// awaitSeen waits until the world sees a record, or it is time to go on all the same.
func (m *Manager) awaitSeen(ctx context.Context, todo Todo) (bool, error) {
	late := time.After(seenTime)
	for {
		seen, err := m.Seen(ctx, todo.Name, todo.Text)
		if seen || ctx.Err() != nil {
			return seen, ctx.Err()
		}
		m.Log.Debug("the record is not there yet", "name", todo.Name, "err", err)
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-late:
			return false, nil
		case <-time.After(seenEvery):
		}
	}
}

// removeRecord cleans up, also when we are told to end. What stays behind harms nobody.
func (m *Manager) removeRecord(ctx context.Context, s Settings, todo Todo) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
	defer cancel()
	if err := s.Write(ctx, dnsupdate.Change{Name: todo.Name, Text: todo.Text, Remove: true}); err != nil {
		m.Log.Warn("cannot remove a record that is needed no more", "name", todo.Name, "err", err)
	}
}

// proveByHand tells a person which records to set, and the authority of those that are there. It does not wait: while
// some are missing the problem is Waiting, and the order stays for the next attempt.
func (m *Manager) proveByHand(ctx context.Context, a *authority, proofs []proof, failed failures) error {
	m.state.Todo = nil
	var ready []proof
	for _, p := range proofs {
		todo, err := record(a, p)
		if err != nil {
			return err
		}
		if seen, err := m.Seen(ctx, todo.Name, todo.Text); !seen {
			m.Log.Debug("a person has to set a record", "name", todo.Name, "text", todo.Text, "err", err)
			m.state.Todo = append(m.state.Todo, todo)
			continue
		}
		ready = append(ready, p)
	}
	slices.SortFunc(m.state.Todo, func(a, b Todo) int { return strings.Compare(a.Name, b.Name) }) // the authority has no order
	if len(m.state.Todo) > 0 {
		return problem(Waiting, m.state.Todo[0].Name)
	}
	for _, p := range ready {
		if err := accept(ctx, a, p, failed); err != nil {
			return err
		}
		if failed[p.name] == nil {
			if err := await(ctx, a, p, failed); err != nil {
				return err
			}
		}
	}
	return nil
}
