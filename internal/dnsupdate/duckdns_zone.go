package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// DuckDNSZone is DuckDNS as a Provider, with the token of an account. A domain there has one address of each family and one
// text, which all names below it share; other records it cannot have. read asks the DNS, for DuckDNS itself tells nothing.
func DuckDNSZone(base, token string, client *http.Client, read func(ctx context.Context, name string, kinds []string) ([]Record, error)) Provider {
	d := &duckDNS{api: api{base: base, client: client}, token: token}
	return Provider{Read: read, Put: d.put, Holds: duckHolds}
}

// duckHolds: the address of any name is the domain's; the one text is the domain's own.
func duckHolds(name, kind string) bool {
	domain, ok := strings.CutSuffix(name, ".duckdns.org")
	if !ok {
		return false
	}
	return kind == "A" || kind == "AAAA" || kind == "TXT" && !strings.Contains(domain, ".")
}

func (d *duckDNS) put(ctx context.Context, sets []Set) error {
	for _, s := range sets {
		if len(without(s.Want, s.Have))+len(without(s.Have, s.Want)) == 0 {
			continue
		}
		if err := d.putSet(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (d *duckDNS) putSet(ctx context.Context, s Set) error {
	domain, ok := strings.CutSuffix(s.Name, ".duckdns.org")
	switch {
	case !ok:
		return fmt.Errorf("%s is not below duckdns.org", s.Name)
	case !duckHolds(s.Name, s.Type):
		return fmt.Errorf("DuckDNS has no room for %s %s", s.Name, s.Type)
	case len(s.Want) == 0:
		return nil // to clear one clears all, the addresses too
	}
	query := url.Values{"domains": {domain[strings.LastIndexByte(domain, '.')+1:]}, "token": {d.token}}
	query.Set(map[string]string{"A": "ip", "AAAA": "ipv6", "TXT": "txt"}[s.Type], s.Want[len(s.Want)-1].Value)
	return d.update(ctx, query)
}

// update makes a change and reads the one word that comes back.
func (d *duckDNS) update(ctx context.Context, query url.Values) error {
	var answer string
	if err := d.call(ctx, http.MethodGet, "/update?"+query.Encode(), nil, &answer); err != nil {
		return err
	}
	if strings.TrimSpace(answer) != "OK" { // it says KO with the status of success
		return errors.New("DuckDNS refused: the token is not the one of this domain")
	}
	return nil
}
