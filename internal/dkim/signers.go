package dkim

import (
	"bytes"
	"context"
	"slices"
	"sync"
)

// Signers keeps the Signer of each of our domains, so that keys are parsed once
// however many messages are sent. It may be used concurrently.
type Signers struct {
	// Keys gives the keys that a domain signs with now. It is asked for every
	// message, so that a rotation counts at once, whoever made it.
	Keys func(ctx context.Context, domain string) ([]Key, error)

	mu   sync.Mutex
	kept map[string]kept // by domain; as many as we have domains
}

type kept struct {
	keys   []Key
	signer *Signer
}

// Signer gives the Signer of a domain. ErrNoKeys, ErrKey, and the errors of Keys.
func (s *Signers) Signer(ctx context.Context, domain string) (*Signer, error) {
	keys, err := s.Keys(ctx, domain)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.kept[domain]; ok && slices.EqualFunc(k.keys, keys, sameKey) {
		return k.signer, nil
	}
	signer, err := NewSigner(domain, keys)
	if err != nil {
		delete(s.kept, domain)
		return nil, err
	}
	if s.kept == nil {
		s.kept = map[string]kept{}
	}
	s.kept[domain] = kept{keys, signer}
	return signer, nil
}

func sameKey(a, b Key) bool {
	return a.Selector == b.Selector && a.Algorithm == b.Algorithm && bytes.Equal(a.Private, b.Private)
}
