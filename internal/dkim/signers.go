package dkim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

// Signers keeps the Signer of each of our domains, so that keys are parsed once
// however many messages are sent. It may be used concurrently.
type Signers struct {
	// Keys gives the keys that a domain signs with now. It is asked for every
	// message, so that a rotation counts at once, whoever made it.
	Keys func(ctx context.Context, domain string) ([]Key, error)
	Now  func() time.Time
	// GiveUp is how long mail may wait in our queue; its signature counts Rest longer. Nil: as in Lifetime.
	GiveUp func() time.Duration

	mu   sync.Mutex
	kept map[string]kept // by domain; as many as we have domains
}

type kept struct {
	keys   []Key
	signer *Signer
}

// Sign gives the DKIM-Signature fields of a mail from a domain as Signer.Sign
// does; nothing, without an error, where the domain has no keys.
func (s *Signers) Sign(ctx context.Context, domain string, mail *io.SectionReader) ([]byte, error) {
	signer, err := s.Signer(ctx, domain)
	if errors.Is(err, ErrNoKeys) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	life := Lifetime
	if s.GiveUp != nil {
		life = max(life, s.GiveUp()+Rest)
	}
	now := s.Now()
	return signer.Sign(mail, now, now.Add(life))
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
