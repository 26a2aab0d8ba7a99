// Package claim is the code with which the first owner of a box proves to stand before it: eight digits that are shown on
// its console and written beside its data, and typed into its page.
//
// Invariants: a code comes from crypto randomness and is compared in constant time; a wrong one makes the next try wait,
// per address and for all together; ten wrong ones void it, and a new one is made and published. Its memory is bounded by
// maxAddresses, however many addresses try.
package claim

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	digits   = 8  // of a code; who guesses for a year without rest, at the pace that is left to him, has a chance of one in 25
	maxWrong = 10 // codes that may be wrong before there is a new one
)

// ErrWrong is a code that is not the one.
var ErrWrong = errors.New("wrong claim code")

// SlowError says that the code was not looked at: there were wrong ones a moment ago.
type SlowError struct {
	Wait time.Duration // until the next try is looked at
}

// Error implements error.
func (e *SlowError) Error() string {
	return fmt.Sprintf("too many wrong claim codes, wait %v", e.Wait)
}

// Options of New. Publish is needed; the zero values of the others mean the defaults.
type Options struct {
	Rand io.Reader
	Now  func() time.Time
	Log  *slog.Logger
	// Publish shows the code where only somebody who stands before the box sees it. It is called with "" once the box is
	// claimed: the code has to go then.
	Publish func(code string) error
}

// Claim is the code of today. It is safe for concurrent use.
type Claim struct {
	random  io.Reader
	now     func() time.Time
	log     *slog.Logger
	publish func(string) error

	mu    sync.Mutex
	code  string // digits alone; "" once it is done
	wrong int    // codes since this one was made
	pace  pace
}

// New makes a code and publishes it.
func New(o Options) (*Claim, error) {
	c := &Claim{random: o.Rand, now: o.Now, log: o.Log, publish: o.Publish}
	if c.random == nil {
		c.random = rand.Reader
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.renew(); err != nil {
		return nil, err
	}
	return c, nil
}

// renew makes another code and publishes it; mu is held, or nobody else has c.
func (c *Claim) renew() error {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(digits), nil)
	n, err := rand.Int(c.random, limit)
	if err != nil {
		return fmt.Errorf("make a claim code: %w", err)
	}
	c.code, c.wrong = fmt.Sprintf("%0*d", digits, n), 0
	if err := c.publish(spaced(c.code)); err != nil {
		return fmt.Errorf("publish the claim code: %w", err)
	}
	return nil
}

// Code is the code as people read it, "1234 5678"; "" once the box is claimed, and so of a nil Claim.
func (c *Claim) Code() string {
	if c == nil {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return spaced(c.code)
}

// Try looks whether code is the one; spaces and dashes do not count. The error is ErrWrong, or a *SlowError where the code
// was not looked at. After Done every code is wrong.
func (c *Claim) Try(from netip.Addr, code string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, now := from.Unmap().WithZone(""), c.now()
	if wait := c.pace.wait(from, now); wait > 0 {
		return &SlowError{Wait: wait}
	}
	if c.code != "" && subtle.ConstantTimeCompare([]byte(plain(code)), []byte(c.code)) == 1 {
		return nil
	}
	c.pace.wrong(from, now)
	c.wrong++
	c.log.Warn("wrong claim code", "from", from, "wrong", c.wrong)
	if c.wrong >= maxWrong && c.code != "" {
		if err := c.renew(); err != nil { // the old one is void all the same: nobody has seen the new one
			c.log.Error("no new claim code is to be seen", "err", err)
		}
	}
	return ErrWrong
}

// Done voids the code and lets what was published go: the box has an owner. It may be called again.
func (c *Claim) Done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.code == "" {
		return
	}
	c.code = ""
	if err := c.publish(""); err != nil {
		c.log.Error("the claim code is still to be seen", "err", err)
	}
}

// spaced is a code in two groups, which people read and type with fewer mistakes.
func spaced(code string) string {
	if code == "" {
		return ""
	}
	return code[:digits/2] + " " + code[digits/2:]
}

// plain is a code as a person typed it without what stands between the digits. Phones make long dashes of short ones.
func plain(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, code)
}
