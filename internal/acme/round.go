package acme

import (
	"context"
	"maps"
	"slices"
	"time"
)

// freshTime is how long a certificate is too new to be asked for again: Let's Encrypt gives five a week for the same names.
const freshTime = 24 * time.Hour

// work brings the certificates to where they should be. What is wrong with single names is noted there; the error is what
// hinders all.
func (m *Manager) work(ctx context.Context, s Settings, names []Name, forced bool) error {
	if err := m.resume(ctx, s); err != nil {
		return err
	}
	m.planRenewal(ctx, s)
	t := m.task(s, names, forced)
	if len(t.try) == 0 {
		return nil
	}
	if err := m.begin(ctx); err != nil {
		return err
	}
	m.state.Attempt = m.Now()
	failed, err := m.attempt(ctx, s, t)
	m.note(failed)
	if err != nil {
		return err
	}
	m.settled()
	m.planRenewal(ctx, s)
	return nil
}

// task is what to try now.
type task struct {
	due bool   // a whole new certificate is needed, not only one with more names
	try []Name // the names to look at
}

func (m *Manager) task(s Settings, names []Name, forced bool) task {
	t := task{due: m.due(s) || forced && !m.fresh()}
	news := false
	for _, n := range names {
		if m.Now().Before(m.state.name(n.Name).Next) {
			continue
		}
		t.try = append(t.try, n)
		news = news || !m.covers(n.Name)
	}
	if !t.due && !news {
		t.try = nil
	}
	return t
}

// fresh tells whether all certificates are from today.
func (m *Manager) fresh() bool {
	for _, c := range m.certs {
		if m.Now().Sub(c.Leaf.NotBefore) > freshTime {
			return false
		}
	}
	return len(m.certs) > 0
}

// renewing tells whether the time to renew has come.
func (m *Manager) renewing() bool {
	return !m.state.Renewal.At.IsZero() && !m.Now().Before(m.state.Renewal.At)
}

// attempt tries the ways one after the other, until one brings a certificate.
func (m *Manager) attempt(ctx context.Context, s Settings, t task) (failures, error) {
	looked := m.look(ctx, t.try)
	able := without(list(t.try), looked)
	all := failures{}
	for _, way := range m.ways(ctx, s, able) {
		names := able
		if way == DNS { // needs no address, and programs connect by these
			names = slices.Concat(able, mains(t.try, looked))
		}
		done, failed, err := m.byWay(ctx, s, way, names, t.due)
		if done {
			all = failures{} // what the other ways said is of no interest
		}
		for name, p := range failed {
			if all[name] == nil {
				all[name] = p
			}
		}
		if done || err != nil {
			return merged(looked, all), err
		}
	}
	return merged(looked, all), nil
}

func merged(looked, failed failures) failures {
	all := maps.Clone(looked)
	maps.Copy(all, failed)
	return all
}

func list(names []Name) (l []string) {
	for _, n := range names {
		l = append(l, n.Name)
	}
	return l
}

// mains are the main names among those that failed.
func mains(names []Name, failed failures) (l []string) {
	for _, n := range names {
		if n.Main && failed[n.Name] != nil {
			l = append(l, n.Name)
		}
	}
	return l
}

// byWay tries names in one way: first with the service for trying, then those that passed with the real one.
func (m *Manager) byWay(ctx context.Context, s Settings, way Way, names []string, due bool) (done bool, failed failures, err error) {
	if len(names) == 0 {
		return false, nil, nil
	}
	failed, err = m.trial(ctx, s, way, names, due)
	if err != nil {
		return false, failed, err
	}
	good := without(names, failed)
	if !due {
		good = m.withCovered(good)
	}
	if m.nothingNew(good, due) || due && m.tooFew(good) {
		return false, failed, nil
	}
	more, err := m.real(ctx, s, way, good)
	for name := range more {
		m.state.name(name).Passed = ""
	}
	maps.Copy(failed, more)
	return err == nil && len(without(good, more)) > 0, failed, err
}

// withCovered adds the names that the certificate has and that are still wanted.
func (m *Manager) withCovered(names []string) []string {
	var all []string
	for _, n := range m.state.Names {
		if m.covers(n.Name) || slices.Contains(names, n.Name) {
			all = append(all, n.Name)
		}
	}
	return all
}

// nothingNew tells whether a certificate with names would be no better than the one we have.
func (m *Manager) nothingNew(names []string, due bool) bool {
	return len(names) == 0 || !due && !slices.ContainsFunc(names, func(name string) bool { return !m.covers(name) })
}

// tooFew tells whether to wait a little rather than renew without a name that the certificate has: most often such a
// name comes back, and until half of the time that is left is over it is still the better certificate.
func (m *Manager) tooFew(names []string) bool {
	if len(m.certs) == 0 {
		return false
	}
	leaf := m.certs[0].Leaf
	if left := leaf.NotAfter.Sub(m.Now()); left < leaf.NotAfter.Sub(leaf.NotBefore)/6 {
		return false
	}
	return slices.ContainsFunc(m.state.Names, func(n NameState) bool { return m.covers(n.Name) && !slices.Contains(names, n.Name) })
}
