package acme

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Renewal is when the certificate is to be renewed.
type Renewal struct {
	At    time.Time `json:"at,omitzero"`
	Cert  string    `json:"cert,omitempty"` // which one, as RFC 9773 §4.1 names it
	Ask   time.Time `json:"ask,omitzero"`   // when to ask the authority again
	From  time.Time `json:"from,omitzero"`  // the window that it suggested
	Until time.Time `json:"until,omitzero"` //
	Why   string    `json:"why,omitempty"`  // address of a page where it says why
}

// byLifetime is when a certificate is renewed of which the authority says nothing: when a third of its life is left, and
// of one for a few days a half; a little earlier by chance, so that not all boxes come at once.
func byLifetime(leaf *x509.Certificate, random float64) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	left := life / 3
	if life < 10*24*time.Hour {
		left = life / 2
	}
	return leaf.NotAfter.Add(-left - time.Duration(random*float64(life)/50))
}

// How often the authority is asked when to renew, whatever it says itself (RFC 9773 §4.3).
const (
	askLeast = time.Hour
	askMost  = 24 * time.Hour
	askUsual = 6 * time.Hour
)

// planRenewal says in the state when to renew, and asks the authority when it is time to.
func (m *Manager) planRenewal(ctx context.Context, s Settings) {
	if len(m.certs) == 0 {
		m.state.Renewal = Renewal{}
		return
	}
	r := &m.state.Renewal
	leaf := m.certs[0].Leaf
	id, err := renewalID(leaf)
	if r.Cert != id {
		*r = Renewal{Cert: id, At: byLifetime(leaf, m.Random())}
	}
	if err != nil || m.Now().Before(r.Ask) {
		return
	}
	again, err := m.askRenewal(ctx, s, r)
	if err != nil {
		m.Log.Debug("the authority does not say when to renew", "err", err)
	}
	r.Ask = m.Now().Add(m.jittered(again))
}

// renewalID names a certificate: its issuer's key and its serial number (RFC 9773 §4.1).
func renewalID(leaf *x509.Certificate) (string, error) {
	serial, err := asn1.Marshal(leaf.SerialNumber)
	if err != nil || len(leaf.AuthorityKeyId) == 0 || len(serial) < 3 {
		return fmt.Sprintf("%x", leaf.SerialNumber), errors.Join(err, errors.New("no authority's key in it"))
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(leaf.AuthorityKeyId) + "." + encode(serial[2:]), nil // without type and length, which fit an octet each
}

// askRenewal asks the authority (RFC 9773 §4.2), and gives how long not to ask again.
func (m *Manager) askRenewal(ctx context.Context, s Settings, r *Renewal) (again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var directory struct{ RenewalInfo string }
	real, _ := s.directories()
	if _, err := m.fetch(ctx, real, &directory); err != nil || directory.RenewalInfo == "" {
		return askMost, err
	}
	var info struct {
		SuggestedWindow struct{ Start, End time.Time }
		ExplanationURL  string
	}
	again, err = m.fetch(ctx, strings.TrimSuffix(directory.RenewalInfo, "/")+"/"+r.Cert, &info)
	if err != nil {
		return askUsual, err
	}
	from, until := info.SuggestedWindow.Start, info.SuggestedWindow.End
	if !from.Before(until) { // §4.2: then there is no wish
		return again, errors.New("the window ends before it begins")
	}
	if !from.Equal(r.From) || !until.Equal(r.Until) {
		// §4.2: a moment at random in it; one that has passed is now.
		r.From, r.Until, r.Why = from, until, info.ExplanationURL
		r.At = from.Add(time.Duration(m.Random() * float64(until.Sub(from))))
		if last := m.certs[0].Leaf.NotAfter.Add(-askMost); r.At.After(last) { // whatever it wishes, not after the end
			r.At = last
		}
		m.Log.Info("the certificate authority says when to renew", "from", from, "until", until, "at", r.At, "why", r.Why)
	}
	return again, nil
}

// maxAnswer is more than any directory.
const maxAnswer = 64 << 10 // octets

// fetch reads a JSON object, and how long the server wants us to wait before the next.
func (m *Manager) fetch(ctx context.Context, url string, v any) (again time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("User-Agent", "buzon")
	res, err := m.HTTP.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s says %s", url, res.Status)
	}
	again = askUsual
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		again = min(max(time.Duration(seconds)*time.Second, askLeast), askMost)
	}
	return again, json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(v)
}

// due tells whether the certificates have to be made anew, or made at all.
func (m *Manager) due(s Settings) bool {
	return len(m.certs) < len(s.kinds()) || !m.Now().Before(m.state.Renewal.At)
}
