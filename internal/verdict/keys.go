package verdict

import (
	"context"
	"errors"

	"buzon/internal/dkim"
	"buzon/internal/dns"
)

// keys are the public keys that the signatures of a mail name, each asked for once.
type keys struct {
	all    []key
	byName map[string]int
}

// key is what DNS says at one name.
type key struct {
	name string
	key  *dkim.PublicKey
	err  error
}

func newKeys(signatures []Signature, c *chain) *keys {
	k := &keys{byName: map[string]int{}}
	for _, s := range signatures {
		if s.Result == "" {
			k.want(s.parsed)
		}
	}
	for _, set := range c.sets {
		k.want(set.message)
		k.want(set.seal)
	}
	return k
}

// keyName is where a signature's key is (RFC 6376 §3.6.2.1).
func keyName(s *dkim.Signature) string { return s.Selector + "._domainkey." + s.Domain }

func (k *keys) want(s *dkim.Signature) {
	if s == nil {
		return
	}
	name := keyName(s)
	if _, known := k.byName[name]; !known {
		k.byName[name] = len(k.all)
		k.all = append(k.all, key{name: name})
	}
}

// of is what was found for a signature.
func (k *keys) of(s *dkim.Signature) (*dkim.PublicKey, error) {
	found := k.all[k.byName[keyName(s)]]
	return found.key, found.err
}

// errNoKey says that there is no record to look at (RFC 6376 §6.1.2).
var errNoKey = errors.New("there is no key at its selector")

// look asks DNS. RFC 6376 §3.6.2.2 leaves open which of several records counts: the first that is a key does.
func (k *key) look(ctx context.Context, r dns.Resolver) {
	answer, err := r.TXT(ctx, k.name)
	if errors.Is(err, dns.ErrTemporary) {
		k.err = err
		return
	}
	k.err = errNoKey
	for _, record := range answer.Records {
		if k.key, k.err = dkim.ParseRecord(record); k.err == nil {
			return
		}
	}
}
