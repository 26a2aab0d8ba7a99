package store

import (
	"context"
	"log/slog"

	"zombiezen.com/go/sqlite"

	"buzon/internal/config"
)

// Settings is the current snapshot; never nil. A change made by another process shows within two seconds.
func (s *Store) Settings() *config.Settings { return s.settings.Load() }

// Set validates and keeps one setting (names as in config.Keys); Unset goes back to the default.
func (s *Store) Set(ctx context.Context, key, value string) error { return errNotYet }
func (s *Store) Unset(ctx context.Context, key string) error      { return errNotYet }

// Secret returns the named secret (self-signed certificate, fake-salt key, …), made by gen and kept at the first call.
func (s *Store) Secret(ctx context.Context, name string, gen func() ([]byte, error)) ([]byte, error) {
	return nil, errNotYet
}

func loadSettings(c *sqlite.Conn, log *slog.Logger) (config.Settings, error) {
	return config.Settings{}, nil
}
