package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"buzon/internal/dns"
	"buzon/internal/sending"
)

// world is what an appliance sees of the Internet in a test: a DNS, and servers on ports of loopback that stand for
// addresses and ports elsewhere. The zero value is empty: no domain exists. It can be handed to another process as text.
type world struct {
	Zone     string            // records, as dns.Map has them
	Broken   []string          // names about which DNS does not answer
	Secure   []string          // names below which DNSSEC holds
	Ports    map[string]string // from "192.0.2.1:25" to "127.0.0.1:40001"
	Roots    string            // PEM of the authorities that vouch for servers
	STS      map[string]string // text of MTA-STS policies by URL
	Patience time.Duration     // in which a server must answer; 0 is as in life
}

// parseWorld reads what text wrote.
func parseWorld(text string) (w world) {
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		panic(fmt.Sprintf("%s: %v", asProgram, err))
	}
	return w
}

// text is the world for another process.
func (w world) text() string {
	b, err := json.Marshal(w)
	if err != nil {
		panic(err) // cannot be: it has texts alone
	}
	return string(b)
}

// outside puts the world in the place of the Internet.
func (w world) outside(o *sending.Options) {
	zone := dns.NewMap(w.Zone)
	for _, name := range w.Secure {
		zone.Secure(name)
	}
	for _, name := range w.Broken {
		zone.Fail(name, "", dns.ServFail)
	}
	o.Resolver = zone
	o.Dial = w.dial
	o.Here = func(netip.Addr) bool { return false }
	o.Probes = []string{}
	o.Fetch = w.fetch
	if w.Roots != "" {
		o.Roots = x509.NewCertPool()
		o.Roots.AppendCertsFromPEM([]byte(w.Roots))
	}
	if w.Patience > 0 {
		o.SMTP.Greeting, o.SMTP.Command, o.SMTP.Data, o.SMTP.Final = w.Patience, w.Patience, w.Patience, w.Patience
		o.SMTP.Quit = w.Patience
	}
}

func (w world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, ok := w.Ports[address]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused in this test's world: " + address)}
	}
	return (&net.Dialer{}).DialContext(ctx, network, to)
}

func (w world) fetch(_ context.Context, url string) ([]byte, error) {
	policy, ok := w.STS[url]
	if !ok {
		return nil, errors.New("404 for " + url)
	}
	return []byte(policy), nil
}
