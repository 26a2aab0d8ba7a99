package acme

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

// State is what is known of our certificates, for people, and what was learned,
// for the next attempt. It is kept under keyState.
type State struct {
	Names    []NameState `json:"names"`
	Attempt  time.Time   `json:"attempt,omitzero"`   // when the authority was last asked
	Next     time.Time   `json:"next,omitzero"`      // when something is next to be done
	Failures int         `json:"failures,omitempty"` // of all names together, in a row
	Problem  *Problem    `json:"problem,omitempty"`  // why the last attempt failed as a whole
	Way      Way         `json:"way,omitempty"`      // by which the last certificate came
	Todo     []Todo      `json:"todo,omitempty"`     // what a person has to do now
	Renewal  Renewal     `json:"renewal"`
	Asked    time.Time   `json:"asked,omitzero"`  // of the last request that was heard
	Hold     time.Time   `json:"hold,omitzero"`   // nothing is tried before
	Heard    string      `json:"heard,omitempty"` // which settings and names that was with
}

// NameState is what is known of one name.
type NameState struct {
	Name     string    `json:"name"`
	Covered  bool      `json:"covered"`            // the certificate has it
	Problem  *Problem  `json:"problem,omitempty"`  // why it was left out
	Failures int       `json:"failures,omitempty"` // in a row
	Next     time.Time `json:"next,omitzero"`      // not tried before
	Passed   Way       `json:"passed,omitempty"`   // the way that worked in a trial for the certificate to come
}

// Todo is a TXT record to be set by a person.
type Todo struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Keys of the Cache.
const (
	keyState   = "state"
	keyOrder   = "order"
	keyRequest = "request"
	keyCert    = "cert-" // and the kind of key
)

// keyAccount is one for each authority. An address has octets that a key must not have (autocert.Cache).
func keyAccount(directory string) string {
	sum := sha256.Sum256([]byte(directory))
	return fmt.Sprintf("account-%x", sum[:8])
}

// Load is the State that a Manager left in cache, also while none runs.
func Load(ctx context.Context, cache autocert.Cache) (State, error) {
	var s State
	err := get(ctx, cache, keyState, &s)
	return s, err
}

// Request asks the Manager of another process, or of the next start, for an attempt at once.
func Request(ctx context.Context, cache autocert.Cache, now time.Time) error {
	return put(ctx, cache, keyRequest, now)
}

// get reads what put wrote; what is not there leaves v as it is.
func get(ctx context.Context, cache autocert.Cache, key string, v any) error {
	b, err := cache.Get(ctx, key)
	if errors.Is(err, autocert.ErrCacheMiss) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("acme: read %s: %w", key, err)
	}
	return nil
}

func put(ctx context.Context, cache autocert.Cache, key string, v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		err = cache.Put(ctx, key, b)
	}
	if err != nil {
		return fmt.Errorf("acme: keep %s: %w", key, err)
	}
	return nil
}

// save keeps the state where it changed.
func (m *Manager) save(ctx context.Context) {
	b, err := json.Marshal(m.state)
	if err == nil && bytes.Equal(b, m.saved) {
		return
	}
	if err == nil {
		err = m.Cache.Put(ctx, keyState, b)
	}
	if err != nil {
		m.Log.Error("cannot keep the state of the certificates", "err", err)
		return
	}
	m.saved = b
}

// name is the state of a name, made if it is new.
func (s *State) name(name string) *NameState {
	for i := range s.Names {
		if s.Names[i].Name == name {
			return &s.Names[i]
		}
	}
	s.Names = append(s.Names, NameState{Name: name})
	return &s.Names[len(s.Names)-1]
}

// keepNames forgets those that are wanted no more, and puts the others in order.
func (s *State) keepNames(names []Name) {
	list := make([]NameState, 0, len(names))
	for _, n := range names {
		list = append(list, *s.name(n.Name))
	}
	s.Names = list
}
