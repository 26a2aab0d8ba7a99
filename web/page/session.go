package page

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"

	"buzon/internal/limit"
	"buzon/internal/store"
)

const (
	cookieName  = "buzon"
	idleTime    = 2 * time.Hour  // without a click: people leave computers open
	sessionTime = 24 * time.Hour // in all
	maxSessions = 200            // 500 octets each; who was silent longest is logged out
	maxNotices  = 4
)

// session is somebody who logged in with a browser. They are in memory alone: a restart logs out, and costs the card nothing.
type session struct {
	account store.AccountID
	stamp   [32]byte // of the password they logged in with: a new one ends the session
	setup   bool     // holds the claim code, and has no account yet
	token   string   // that forms carry
	made    time.Time
	seen    time.Time

	mu      sync.Mutex
	notices []notice
	once    any                          // what the next page shows once
	forms   map[string]map[string]string // what was typed into one that was not right
}

// keep has something for the next page, such as the code of a phone.
func (s *session) keep(v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = v
}

// take gives and forgets it.
func (s *session) take() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.once
	s.once = nil
	return v
}

// notice is a sentence that the next page shows.
type notice struct {
	Text string
	Bad  bool
}

func (s *session) tell(n notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notices) < maxNotices {
		s.notices = append(s.notices, n)
	}
}

func (s *session) told() []notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.notices
	s.notices = nil
	return n
}

// sessions are all of them, by the hash of the cookie: looking one up takes no secret apart.
type sessions struct {
	mu    sync.Mutex
	table limit.Table[[32]byte, *session]
	now   func() time.Time
}

// begin makes a session and sets its cookie. A session that the browser had before is over.
func (r *request) begin(acc store.AccountID, stamp [32]byte, setup bool) {
	r.endSession()
	secret := randomText()
	now := r.page.Now()
	s := &session{account: acc, stamp: stamp, setup: setup, token: randomText(), made: now, seen: now}
	all := &r.page.sessions
	all.mu.Lock()
	*all.table.Make(sha256.Sum256([]byte(secret)), maxSessions) = s
	all.mu.Unlock()
	r.session = s
	r.setCookie(secret, 0)
}

// endSession forgets the session of this request.
func (r *request) endSession() {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return
	}
	all := &r.page.sessions
	all.mu.Lock()
	all.table.Remove(sha256.Sum256([]byte(cookie.Value)))
	all.mu.Unlock()
	r.session = nil
	r.setCookie("", -1)
}

func (r *request) setCookie(value string, age int) {
	http.SetCookie(r.writer, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: r.secure, SameSite: http.SameSiteStrictMode,
	})
}

// findSession is the session of the cookie, if it still holds.
func (r *request) findSession() error {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	s := r.page.sessions.find(sha256.Sum256([]byte(cookie.Value)))
	if s == nil || s.setup {
		r.session = s
		return nil
	}
	acc, stamp, found, err := r.page.Store.Owner(r.Context(), s.account)
	if err != nil {
		return err
	}
	if !found || subtle.ConstantTimeCompare(stamp[:], s.stamp[:]) != 1 {
		r.endSession()
		return nil
	}
	r.session, r.account = s, acc
	return nil
}

func (all *sessions) find(key [32]byte) *session {
	all.mu.Lock()
	defer all.mu.Unlock()
	p := all.table.Get(key)
	if p == nil {
		return nil
	}
	s, now := *p, all.now()
	if now.Sub(s.seen) > idleTime || now.Sub(s.made) > sessionTime {
		all.table.Remove(key)
		return nil
	}
	s.seen = now
	return s
}

// rightToken tells whether a form came from a page of this session. That of an upload stands in the address: to look for it
// in the body would be to read the file.
func (r *request) rightToken() bool {
	var token string
	if strings.HasPrefix(r.URL.Path, uploads) {
		token = r.URL.Query().Get("token")
	} else if token = r.Header.Get("X-Token"); token == "" { // of our scripts
		token = r.PostFormValue("token")
	}
	return r.session != nil && subtle.ConstantTimeCompare([]byte(token), []byte(r.session.token)) == 1
}

// randomText is 256 bits that nobody guesses, for a cookie or a form.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}
