package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

const (
	maxPage   = 64 << 10 // octets of what is fetched
	fetchTime = 10 * time.Second
	knockTime = 3 * time.Second // for one address: most homes cannot reach their own from inside, which must not eat the time
)

// errNotOurs says that a name leads to another machine.
var errNotOurs = errors.New("the name leads to another machine")

// fetch reads a page of ours as the world would: by its name, with a certificate that is believed. Where our own address
// cannot be reached from inside, our own server is asked directly, if the name leads where the server's name leads; whether
// the world comes through is what the check of the ports tells.
func (e *exam) fetch(ctx context.Context, host, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+path, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return e.knock(ctx, host) },
			TLSClientConfig:        &tls.Config{RootCAs: e.Roots, MinVersion: tls.VersionTLS12, Time: e.Now},
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 16 << 10,
		},
	}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch: the web server says %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return body, nil
}

// knock connects to port 443 of a name, from outside or from within.
func (e *exam) knock(ctx context.Context, host string) (net.Conn, error) {
	answer, err := e.resolver.Addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range answer.Records {
		within, cancel := context.WithTimeout(ctx, knockTime)
		conn, err := e.Dial(within, "tcp", netip.AddrPortFrom(a, 443).String())
		cancel()
		if err == nil {
			return conn, nil
		}
	}
	if !e.leadsHere(ctx, answer.Records) {
		return nil, errNotOurs
	}
	return e.Here(ctx, "tcp", e.ports.at(443))
}

// leadsHere tells whether addresses are ours: known as such, or those of the server's name.
func (e *exam) leadsHere(ctx context.Context, addrs []netip.Addr) bool {
	ours := slices.Concat(e.where().Public, e.line.Machine)
	if answer, err := e.resolver.Addresses(ctx, e.mainHost()); err == nil {
		ours = append(ours, answer.Records...)
	}
	return !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !slices.Contains(ours, a) })
}
