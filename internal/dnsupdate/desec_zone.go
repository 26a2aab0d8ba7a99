package dnsupdate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// DeSECZone is deSEC as a Provider, with a token of an account that has the domain.
func DeSECZone(base, token string, client *http.Client) Provider {
	d := &desec{api{base: base, client: client, header: http.Header{"Authorization": {"Token " + token}}}}
	return Provider{Read: d.read, Put: d.put, Holds: everything}
}

// desecDomain is a domain of the account.
type desecDomain struct {
	Name       string `json:"name"`
	MinimumTTL int    `json:"minimum_ttl"`
}

func (d *desec) owner(ctx context.Context, name string) (desecDomain, error) {
	var found []desecDomain
	if err := d.call(ctx, http.MethodGet, "/domains/?owns_qname="+url.QueryEscape(name), nil, &found); err != nil {
		return desecDomain{}, err
	}
	if len(found) == 0 || name != found[0].Name && !strings.HasSuffix(name, "."+found[0].Name) {
		return desecDomain{}, fmt.Errorf("the account has no domain for %s", name)
	}
	if found[0].MinimumTTL == 0 {
		found[0].MinimumTTL = desecTTL
	}
	return found[0], nil
}

// sub is what stands before the domain, "" for itself.
func (o desecDomain) sub(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, o.Name), ".")
}

func (d *desec) read(ctx context.Context, name string, _ []string) ([]Record, error) {
	domain, err := d.owner(ctx, name)
	if err != nil {
		return nil, err
	}
	var sets []desecSet
	if err := d.call(ctx, http.MethodGet, "/domains/"+domain.Name+"/rrsets/?subname="+url.QueryEscape(domain.sub(name)), nil, &sets); err != nil {
		return nil, err
	}
	var list []Record
	for _, s := range sets {
		if s.Subname != domain.sub(name) || !slices.Contains(Kinds(), s.Type) {
			continue
		}
		for _, value := range s.Records {
			if s.Type == "TXT" {
				value = unquote(value)
			}
			list = append(list, Record{Name: name, Type: s.Type, TTL: s.TTL, Value: value})
		}
	}
	return list, nil
}

// put changes all sets of a domain at once: deSEC takes all or none.
func (d *desec) put(ctx context.Context, sets []Set) error {
	byDomain := map[string][]desecSet{}
	for _, s := range sets {
		if len(without(s.Want, s.Have))+len(without(s.Have, s.Want)) == 0 {
			continue
		}
		domain, err := d.owner(ctx, s.Name)
		if err != nil {
			return err
		}
		byDomain[domain.Name] = append(byDomain[domain.Name], domain.set(s))
	}
	for domain, list := range byDomain {
		if err := d.call(ctx, http.MethodPut, "/domains/"+domain+"/rrsets/", list, nil); err != nil {
			return err
		}
	}
	return nil
}

// set is a set as deSEC wants it; without records it is removed.
func (o desecDomain) set(s Set) desecSet {
	out := desecSet{Subname: o.sub(s.Name), Type: s.Type, TTL: o.MinimumTTL, Records: []string{}}
	for _, r := range s.Want {
		value := r.Value
		if r.Type == "TXT" {
			value = quote(value)
		}
		out.TTL, out.Records = max(out.TTL, r.TTL), append(out.Records, value)
	}
	return out
}
