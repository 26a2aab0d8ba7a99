package store

import (
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// pollEvery is how often the writer asks whether another process wrote: a
	// running server must show a change of the command line within two seconds.
	pollEvery = time.Second

	// shrinkAfter is how long nobody writes before idle connections give their caches back.
	shrinkAfter = 10 // polls
)

// poll looks once a second for commits of other processes, which data_version
// tells without touching the disk, and gives memory back when nothing happens.
func (s *Store) poll() {
	w := s.writer
	if w.idle++; w.idle == shrinkAfter {
		s.shrink(w.conn)
	}
	if w.polls++; w.polls%shrinkAfter == 0 {
		s.readers.shrink(s.shrink)
		s.places.shrink()
	}
	version, err := number(w.conn, "PRAGMA data_version")
	if err != nil {
		s.log.Error("looking for other processes' changes failed", "err", err)
		return
	}
	if version == w.version {
		return
	}
	w.version = version
	s.reload(w.conn)
}

// reload forgets what this process remembers of the file: another one wrote to it.
func (s *Store) reload(c *sqlite.Conn) {
	settings, err := loadSettings(c, s.log)
	if err != nil {
		s.log.Error("reading the settings failed", "err", err)
	} else {
		s.settings.Store(&settings)
	}
	s.logins.forgetAll()
	s.ringAll()
	s.wakeFor(c)
}

// shrink gives the page cache of an idle connection back: 39 MB became 15 after big reads.
func (s *Store) shrink(c *sqlite.Conn) {
	if err := sqlitex.ExecuteTransient(c, "PRAGMA shrink_memory", nil); err != nil {
		s.log.Warn("giving memory back failed", "err", err)
	}
}
