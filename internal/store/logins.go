package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// maxLogins is how many recent log-ins are remembered: more than the devices of a family, 100 octets each.
const maxLogins = 256

// logins remembers who logged in with what, so that a phone that connects every
// minute costs no argon2id each time. What it keeps is of no use outside of this
// process: an HMAC under a key that is never written anywhere.
type logins struct {
	hasher hasher
	key    [32]byte

	mu    sync.Mutex
	known map[login]seen
	// changes counts the forgetting. A log-in that was checked before a change
	// of password must not be remembered after it.
	changes uint64
}

type login struct {
	account AccountID
	mac     [32]byte
}

// seen is with what a login was made.
type seen struct {
	app   string    // which app password; "" is the account's own
	noted time.Time // last time that its use was written down
}

func newLogins(hashes int) *logins {
	l := &logins{hasher: newHasher(hashes), known: make(map[login]seen)}
	rand.Read(l.key[:])
	return l
}

func (l *logins) id(account AccountID, password string) login {
	m := hmac.New(sha256.New, l.key[:])
	m.Write([]byte(password))
	id := login{account: account}
	m.Sum(id.mac[:0])
	return id
}

// begin tells what to hand to remember.
func (l *logins) begin() (changes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changes
}

func (l *logins) find(id login) (seen, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.known[id]
	return s, ok
}

// remember keeps a login that was checked after begin gave changes.
func (l *logins) remember(id login, s seen, changes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if changes != l.changes {
		return
	}
	for other := range l.known { // any: the order of a map is random enough
		if len(l.known) < maxLogins {
			break
		}
		delete(l.known, other)
	}
	l.known[id] = s
}

// forget drops what is known of one account: a password of it changed or went.
func (l *logins) forget(account AccountID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	for id := range l.known {
		if id.account == account {
			delete(l.known, id)
		}
	}
}

// forgetAll drops everything: another process may have changed any of it.
func (l *logins) forgetAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	clear(l.known)
}
