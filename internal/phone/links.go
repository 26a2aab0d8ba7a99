package phone

import (
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Life is how long a link is good: to fetch the phone from the next room, not to be found tomorrow in somebody's history.
const Life = 10 * time.Minute

// What links may cost. One is some hundred octets.
const (
	maxLinks   = 100
	maxOfOne   = 5  // of one account; a further one takes the place of the oldest
	tokenBytes = 16 // 128 bits: nobody guesses one in ten minutes
)

// ErrFull says that too many links are open at the moment, of others.
var ErrFull = errors.New("too many one-time links are open")

// Options is what Links is made of; all of it is needed.
type Options struct {
	Store  *store.Store
	Signer func() *tls.Certificate // of the moment
	Rand   io.Reader
	Now    func() time.Time
	Log    *slog.Logger
}

// Link is what a phone gets that opens it.
type Link struct {
	Account  message.Address
	Settings Settings // without password and device
	Device   string   // what the app password will be called
	Lang     string   // of the page and the profile
}

// Links are the one-time links that are open. They are in memory alone: after a restart a person makes another.
type Links struct {
	Options
	mu   sync.Mutex
	open []*opened // the oldest first
}

// opened is a link that nobody has used.
type opened struct {
	Link
	token [tokenBytes]byte
	until time.Time
}

// NewLinks makes an empty set.
func NewLinks(o Options) *Links { return &Links{Options: o} }

// Folder is where the handler is.
const Folder = "/phone/"

// Make opens a link and gives its path on this server, such as "/phone/Xk3…". ErrFull.
func (l *Links) Make(link Link) (path string, err error) {
	o := &opened{Link: link, until: l.Now().Add(Life)}
	if _, err := io.ReadFull(l.Rand, o.token[:]); err != nil {
		return "", fmt.Errorf("one-time link: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetOld()
	l.makeRoom(link.Account)
	if len(l.open) >= maxLinks {
		return "", ErrFull
	}
	l.open = append(l.open, o)
	return Folder + base64.RawURLEncoding.EncodeToString(o.token[:]), nil
}

// forgetOld drops links whose time is over. Nothing was made for them.
func (l *Links) forgetOld() {
	now := l.Now()
	l.open = slices.DeleteFunc(l.open, func(o *opened) bool { return !now.Before(o.until) })
}

// makeRoom sees that nobody crowds out the others.
func (l *Links) makeRoom(account message.Address) {
	theirs := func(o *opened) bool { return o.Account.Key() == account.Key() }
	n := 0
	for _, o := range l.open {
		if theirs(o) {
			n++
		}
	}
	if n >= maxOfOne {
		i := slices.IndexFunc(l.open, theirs)
		l.open = slices.Delete(l.open, i, i+1)
	}
}

// find is the open link of a token, or nil. With take nobody else finds it from then on. How long it takes tells nothing
// about the tokens there are.
func (l *Links) find(text string, take bool) *opened {
	token, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetOld()
	found := -1
	for i, o := range l.open {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(o.token[:], token), i, found)
	}
	if found < 0 {
		return nil
	}
	o := l.open[found]
	if take {
		l.open = slices.Delete(l.open, found, found+1)
	}
	return o
}

// giveBack opens a link again that was taken and did not lead to anything.
func (l *Links) giveBack(o *opened) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = slices.Insert(l.open, 0, o)
}
