package acme

import (
	"context"
	"errors"

	wire "golang.org/x/crypto/acme"
)

// resume ends an order that a crash or a restart left.
func (m *Manager) resume(ctx context.Context, s Settings) error {
	var kept order
	if err := get(ctx, m.Cache, keyOrder, &kept); err != nil {
		m.Log.Error("an order cannot be read", "err", err)
		return m.Cache.Delete(ctx, keyOrder)
	}
	if kept.URL == "" {
		return nil
	}
	directory, _ := s.directories()
	if kept.Directory != directory {
		return m.Cache.Delete(ctx, keyOrder)
	}
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	if err := m.begin(ctx); err != nil {
		return err
	}
	failed, err := m.resumeOrder(ctx, s, kept)
	m.note(failed)
	if err == nil {
		m.settled()
		return nil
	}
	if !final(err) {
		return err
	}
	m.Log.Info("an order that was begun is of no use any more", "err", err)
	return m.Cache.Delete(ctx, keyOrder)
}

func (m *Manager) resumeOrder(ctx context.Context, s Settings, kept order) (failures, error) {
	a, err := m.authority(ctx, kept.Directory, false, s)
	if err != nil {
		return nil, err
	}
	o, err := a.GetOrder(ctx, kept.URL)
	if err != nil {
		return nil, err
	}
	return m.finish(ctx, a, s, kept, o)
}

// final tells that an order will never come to anything: the authority itself says so.
func final(err error) bool {
	var answer *wire.Error
	var dead *wire.OrderError
	return errors.As(err, &dead) || errors.As(err, &answer) && answer.StatusCode < 500 && answer.StatusCode != 429
}
