package acme

import (
	"context"
	"fmt"
	"slices"

	wire "golang.org/x/crypto/acme"
)

// challengeType is what the authority calls a way.
func (w Way) challengeType() string {
	switch w {
	case HTTP:
		return "http-01"
	case TLSALPN:
		return "tls-alpn-01"
	}
	return "dns-01"
}

// proof is one name that we are asked to prove.
type proof struct {
	name      string
	challenge *wire.Challenge
	url       string // of the authorization
}

// authorize proves all names of an order. Those that fail are in failures, each judged by itself; the error is for what
// hinders all.
func (m *Manager) authorize(ctx context.Context, a *authority, s Settings, way Way, o *wire.Order) (failures, error) {
	proofs, failed, err := pending(ctx, a, way, o)
	if err != nil {
		return nil, err
	}
	prove := m.proveAtOnce
	if way == DNS {
		prove = m.proveByRecords
	}
	err = prove(ctx, a, s, way, proofs, failed)
	for _, p := range failed {
		p.Way, p.Trial, p.At = way, a.trial, m.Now()
	}
	return failed, err
}

// pending are the names that the authority has not seen proved before.
func pending(ctx context.Context, a *authority, way Way, o *wire.Order) ([]proof, failures, error) {
	var proofs []proof
	failed := failures{}
	for _, url := range o.AuthzURLs {
		z, err := a.GetAuthorization(ctx, url)
		if err != nil {
			return nil, nil, err
		}
		if z.Status == wire.StatusValid {
			continue
		}
		i := slices.IndexFunc(z.Challenges, func(c *wire.Challenge) bool { return c.Type == way.challengeType() })
		switch name := z.Identifier.Value; {
		case z.Status != wire.StatusPending:
			failed[name] = invalid(z)
		case i < 0:
			failed[name] = problem(NoWay, "the authority does not offer "+way.challengeType())
		default:
			proofs = append(proofs, proof{name, z.Challenges[i], url})
		}
	}
	return proofs, failed, nil
}

// invalid is why an authorization failed before.
func invalid(z *wire.Authorization) *Problem {
	for _, c := range z.Challenges {
		if c.Error != nil {
			return explain(c.Error)
		}
	}
	return problem(Other, "the authority says "+z.Status)
}

// proveAtOnce puts all answers up, and lets the authority look at them at the same time.
func (m *Manager) proveAtOnce(ctx context.Context, a *authority, _ Settings, way Way, proofs []proof, failed failures) error {
	for _, p := range proofs {
		remove, err := m.answer(a, way, p)
		if err != nil {
			return err
		}
		defer remove()
		if err := accept(ctx, a, p, failed); err != nil {
			return err
		}
	}
	for _, p := range proofs {
		if failed[p.name] != nil {
			continue
		}
		if err := await(ctx, a, p, failed); err != nil {
			return err
		}
	}
	return nil
}

// answer puts up what the authority wants to see.
func (m *Manager) answer(a *authority, way Way, p proof) (remove func(), err error) {
	if way == HTTP {
		page, err := a.HTTP01ChallengeResponse(p.challenge.Token)
		return m.Answers.put(a.HTTP01ChallengePath(p.challenge.Token), page), err
	}
	cert, err := a.TLSALPN01ChallengeCert(p.challenge.Token, p.name)
	if err != nil {
		return nil, err
	}
	return m.Answers.putCert(p.name, &cert), nil
}

// accept tells the authority to look.
func accept(ctx context.Context, a *authority, p proof, failed failures) error {
	if _, err := a.Accept(ctx, p.challenge); err != nil {
		return about(ctx, p, err, failed)
	}
	return nil
}

// await waits for what the authority found.
func await(ctx context.Context, a *authority, p proof, failed failures) error {
	if _, err := a.WaitAuthorization(ctx, p.url); err != nil {
		return about(ctx, p, err, failed)
	}
	return nil
}

// about puts an error to the name that it is about, or gives it back where it is about all: the authority is gone, or
// does not want to hear more.
func about(ctx context.Context, p proof, err error, failed failures) error {
	why := explain(err)
	if ctx.Err() != nil || why.Code == ServiceDown || why.Code == RateLimited || why.Code == Account {
		return fmt.Errorf("prove %s: %w", p.name, err)
	}
	failed[p.name] = why
	return nil
}
