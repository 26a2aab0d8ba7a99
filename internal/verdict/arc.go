package verdict

import (
	"errors"
	"fmt"

	"buzon/internal/dkim"
)

// ARC is what a chain of forwarders says and is worth (RFC 8617 §5.2).
type ARC struct {
	Result  string // None, Pass, Fail or TempError (a key could not be had)
	Reason  string // English; why it is not Pass
	Sets    int    // how many forwarders sealed
	Sealer  string // d= of the latest seal, A-labels; whom to believe, or not
	Oldest  int    // the first forwarder behind whom nothing was changed; 0: nothing at all was
	Trusted bool   // the owner trusts the forwarders from which Vouched comes
	Vouched string // the domain of a forwarder that is trusted and saw the author proven; "" none

	sets []arcSet
}

// maxSets is how long a chain may be. RFC 8617 §4.2.1 allows 50, each with two
// keys in DNS; no honest mail is forwarded so often.
const maxSets = 20

// chain is the chain as it stands in the header.
type chain struct {
	sets  []arcSet // by instance; set i is at i-1
	fault error    // why it cannot be whole
}

// arcSet is what one forwarder added.
type arcSet struct {
	results                   []byte // ARC-Authentication-Results as it stands
	messageRaw, sealRaw       []byte
	message, seal             *dkim.Signature
	resultsN, messageN, sealN int // how often each is there; once is right
}

// Faults of a chain. Each makes it fail for good (RFC 8617 §5.2).
var (
	errLongChain = fmt.Errorf("more than %d seals", maxSets)
	errGap       = errors.New("the sets are not complete")
	errClaim     = errors.New("a forwarder found it broken") // cv=fail
	errChainWord = errors.New("cv= is not as it must be")
)

// judge verifies the chain (RFC 8617 §5.2). The latest message signature must
// hold, and every seal; older ones tell where something was changed.
func (c *chain) judge(keys *keys, header []dkim.Field, body dkim.Body) ARC {
	a := ARC{Sets: len(c.sets), sets: c.sets}
	if len(c.sets) == 0 && c.fault == nil {
		a.Result = None
		return a
	}
	if n := len(c.sets); n > 0 && c.sets[n-1].seal != nil {
		a.Sealer = asciiDomain(c.sets[n-1].seal.Domain)
	}
	err := firstError(
		func() error { return c.fault },
		c.checkClaims,
		func() error { return c.checkMessage(len(c.sets)-1, keys, header, body) },
		func() error { return c.checkSeals(keys) },
	)
	if err != nil {
		a.Result, a.Reason = Fail, plainError(err)
		if resultOf(err) == TempError {
			a.Result = TempError
		}
		return a
	}
	a.Result = Pass
	for i := len(c.sets) - 2; i >= 0 && a.Oldest == 0; i-- { // RFC 8617 §5.2 (5)
		if c.checkMessage(i, keys, header, body) != nil {
			a.Oldest = i + 2
		}
	}
	return a
}

// checkClaims looks at cv= of all seals: none in the first, pass in the others.
func (c *chain) checkClaims() error {
	for i, set := range c.sets {
		want := Pass
		if i == 0 {
			want = None
		}
		if set.seal.Chain == Fail {
			return errClaim
		}
		if set.seal.Chain != want {
			return errChainWord
		}
	}
	return nil
}

func (c *chain) checkMessage(i int, keys *keys, header []dkim.Field, body dkim.Body) error {
	s := c.sets[i].message
	k, err := keys.of(s)
	if err == nil {
		err = firstError(
			func() error { return s.Acceptable(k) },
			func() error { return s.CheckBody(body) },
			func() error { return s.Verify(k, header) },
		)
	}
	if err != nil {
		return fmt.Errorf("message signature %d: %w", i+1, err)
	}
	return nil
}

// checkSeals verifies every seal over all sets up to its own (RFC 8617 §5.1.1).
func (c *chain) checkSeals(keys *keys) error {
	var covered [][]byte
	for i, set := range c.sets {
		covered = append(covered, set.results, set.messageRaw)
		k, err := keys.of(set.seal)
		if err == nil {
			err = firstError(
				func() error { return set.seal.Acceptable(k) },
				func() error { return set.seal.VerifySeal(k, covered) },
			)
		}
		if err != nil {
			return fmt.Errorf("seal %d: %w", i+1, err)
		}
		covered = append(covered, set.sealRaw)
	}
	return nil
}
