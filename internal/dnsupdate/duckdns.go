package dnsupdate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// DuckDNSURL is where DuckDNS's interface is (duckdns.org/spec.jsp).
const DuckDNSURL = "https://www.duckdns.org"

// DuckDNS writes with the token of an account. A domain has one TXT record for itself and all names below it, so what
// was there goes.
func DuckDNS(base, token string, client *http.Client) Writer {
	d := &duckDNS{api: api{base: base, client: client}, token: token}
	return d.write
}

type duckDNS struct {
	api
	token string
}

func (d *duckDNS) write(ctx context.Context, c Change) error {
	domain, ok := strings.CutSuffix(c.Name, ".duckdns.org")
	if !ok {
		return fmt.Errorf("%s is not below duckdns.org", c.Name)
	}
	domain = domain[strings.LastIndexByte(domain, '.')+1:]
	query := url.Values{"domains": {domain}, "token": {d.token}, "txt": {c.Text}}
	if c.Remove {
		query.Set("clear", "true")
	}
	return d.update(ctx, query)
}
