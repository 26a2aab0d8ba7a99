package store

import (
	"context"
	"fmt"
	"log/slog"

	"zombiezen.com/go/sqlite"

	"buzon/internal/config"
)

// Settings is the current snapshot; never nil. A change made by another process shows within two seconds.
func (s *Store) Settings() *config.Settings { return s.settings.Load() }

// Set validates and keeps one setting (names as in config.Keys).
func (s *Store) Set(ctx context.Context, key, value string) error {
	return s.changeSetting(ctx, key, value)
}

// Unset goes back to the default of one setting.
func (s *Store) Unset(ctx context.Context, key string) error {
	normal := config.Default()
	value, ok := normal.Get(key)
	if !ok {
		_, err := config.Find(key)
		return err
	}
	return s.changeSetting(ctx, key, value)
}

// changeSetting starts from what the file says, not from the snapshot: another
// process may have changed something this very second.
func (s *Store) changeSetting(ctx context.Context, key, value string) error {
	return s.write(ctx, func(tx *tx) error {
		settings, err := loadSettings(tx.Conn, s.log)
		if err != nil {
			return err
		}
		settings, err = settings.With(key, value)
		if err != nil {
			return err
		}
		if err := settings.Validate(); err != nil {
			return err
		}
		if err := keepSetting(tx, key, settings); err != nil {
			return fmt.Errorf("store: keep setting %s: %w", key, err)
		}
		tx.queue() // the way out may be another
		tx.onCommit(func() {
			s.settings.Store(&settings)
			s.indexer.wake()
			s.RingHouse()
		})
		return nil
	})
}

// keepSetting writes what differs from the default, and nothing that did not change.
func keepSetting(tx *tx, key string, settings config.Settings) error {
	value, _ := settings.Get(key)
	normal := config.Default()
	if usual, _ := normal.Get(key); value == usual {
		return exec(tx.Conn, "DELETE FROM setting WHERE name = ?", key)
	}
	return exec(tx.Conn, `INSERT INTO setting(name, value) VALUES(?, ?)
		ON CONFLICT(name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`, key, value)
}

// loadSettings reads the snapshot. A setting that this version cannot read,
// because another version wrote it, counts as its default: mail must go on.
func loadSettings(c *sqlite.Conn, log *slog.Logger) (config.Settings, error) {
	settings := config.Default()
	err := query(c, "SELECT name, value FROM setting ORDER BY name", func(st *sqlite.Stmt) error {
		next, err := settings.With(st.ColumnText(0), st.ColumnText(1))
		if err != nil {
			log.Warn("setting ignored", "err", err)
			return nil
		}
		settings = next
		return nil
	})
	if err != nil {
		return settings, fmt.Errorf("store: read settings: %w", err)
	}
	return settings, nil
}
