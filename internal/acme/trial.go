package acme

import (
	"context"
	"maps"
	"slices"
)

// patience is how many rounds the service for trying may be down before the real one is asked without it.
const patience = 3

// trial shows the service for trying the names that have not passed there yet.
func (m *Manager) trial(ctx context.Context, s Settings, way Way, names []string, due bool) (failures, error) {
	_, staging := s.directories()
	open := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return m.state.name(name).Passed == way || !due && m.covers(name)
	})
	if staging == "" || len(open) == 0 || way == DNS && s.Manual { // nobody likes to do it twice, and nothing is asked before the record is there
		return failures{}, nil
	}
	failed, err := m.tried(ctx, s, staging, way, open)
	if err != nil {
		if explain(err).Code == ServiceDown && m.state.Failures >= patience {
			m.Log.Warn("the service for trying is down; going on without", "err", err)
			return failures{}, nil
		}
		return failed, trialError(err)
	}
	for _, name := range without(open, failed) {
		m.state.name(name).Passed = way
	}
	return failed, nil
}

func (m *Manager) tried(ctx context.Context, s Settings, directory string, way Way, names []string) (failures, error) {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	a, err := m.authority(ctx, directory, true, s)
	if err != nil {
		return nil, err
	}
	return m.prove(ctx, a, s, way, names)
}

// trialError says in a problem that it came with the trial: then less is at stake.
func trialError(err error) error {
	p := *explain(err)
	p.Trial = true
	return &p
}

// real gets the certificates.
func (m *Manager) real(ctx context.Context, s Settings, way Way, names []string) (failures, error) {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	directory, _ := s.directories()
	a, err := m.authority(ctx, directory, false, s)
	if err != nil {
		return nil, err
	}
	all := failures{}
	for _, k := range s.kinds() {
		failed, err := m.obtain(ctx, a, s, way, k, without(names, all))
		maps.Copy(all, failed)
		if err != nil {
			return all, err
		}
	}
	for _, name := range names {
		m.state.name(name).Passed = ""
	}
	return all, nil
}
