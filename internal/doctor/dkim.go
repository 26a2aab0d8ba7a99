package doctor

import (
	"context"
	"errors"

	"buzon/internal/dkim"
	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/store"
)

// checkDKIM looks whether the keys that sign, and those that will, are published as they are here.
func checkDKIM(ctx context.Context, e *exam, domain string) (Finding, error) {
	if _, err := e.facts[domain](); err != nil { // makes the first keys
		return Finding{}, err
	}
	keys, err := e.Store.DKIMKeys(ctx, domain)
	if err != nil {
		return Finding{}, err
	}
	worst := finding.Passed(finding.Say("doctor_dkim_good", "domain", domain))
	for _, k := range keys {
		if k.State == store.KeyRetired {
			continue
		}
		if f := e.published(ctx, domain, k); worse(f, worst) {
			worst = f
		}
	}
	return worst, nil
}

// published is one key. A pair is an RSA key and an Ed25519 one; receivers that know both want one of them to verify.
func (e *exam) published(ctx context.Context, domain string, row store.DKIMKey) Finding {
	key := dkim.Key{Selector: row.Selector, Algorithm: row.Algorithm, Private: row.Private}
	name := key.Name(domain)
	answer, err := e.resolver.TXT(ctx, name)
	switch {
	case errors.Is(err, dns.ErrNotFound) && row.State == store.KeyActive:
		return finding.Failed(finding.Say("doctor_dkim_missing", "name", name), showRecords(domain))
	case errors.Is(err, dns.ErrNotFound):
		return finding.Warned(finding.Say("doctor_dkim_next_missing", "name", name), showRecords(domain))
	case err != nil:
		return dnsSilent(name)
	}
	if len(answer.Records) > 1 { // RFC 6376 §3.6.2.2: undefined
		return finding.Failed(finding.Say("doctor_dkim_several", "name", name), finding.Say("doctor_cure_one_record"))
	}
	if !key.Publishes(answer.Records[0]) {
		return finding.Failed(finding.Say("doctor_dkim_other", "name", name), showRecords(domain))
	}
	return finding.Passed(finding.Say("doctor_dkim_good", "domain", domain))
}
