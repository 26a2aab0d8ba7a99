package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"time"
)

var errNoHTTPSAddress = errors.New("the name has no address")

// fetchHTTPS reads a policy by the rules of RFC 8461 §3.3: a valid certificate for the host, status 200, no redirects, no
// proxy and no cache.
func (s *Sender) fetchHTTPS(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch policy: %w", err)
	}
	client := s.httpsClient()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch policy: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch policy: the web server says %s", response.Status)
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return nil, fmt.Errorf("fetch policy: the web server sends %q, not text", response.Header.Get("Content-Type"))
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxSTSText+1))
	if err != nil {
		return nil, fmt.Errorf("fetch policy: %w", err)
	}
	return text, nil // one octet too many is refused by ParseSTSPolicy
}

// httpsClient asks our resolver, dials by our seam, and goes nowhere else than it was sent.
func (s *Sender) httpsClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            s.dialName,
			TLSClientConfig:        &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12, Time: s.Now},
			TLSHandshakeTimeout:    or(s.Timeouts.Connect, connectTimeout),
			ResponseHeaderTimeout:  or(s.Timeouts.Fetch, 30*time.Second),
			DisableKeepAlives:      true,
			DisableCompression:     true, // 64 KB are 64 KB
			MaxResponseHeaderBytes: 16 << 10,
		},
	}
}

// dialName connects to the first address of a host that answers.
func (s *Sender) dialName(ctx context.Context, _, hostPort string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	answer, err := s.Resolver.Addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	failed := errNoHTTPSAddress
	for _, addr := range spread(answer.Records, maxAddresses) {
		conn, err := s.connect(ctx, addr, port)
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

// connectTimeout is for one address. RFC 5321 §4.5.3.2 leaves it open; a dead one must not hold up the next.
const connectTimeout = 15 * time.Second

// connect dials one address with the short timeout.
func (s *Sender) connect(ctx context.Context, addr netip.Addr, port string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Connect, connectTimeout))
	defer cancel()
	dial := s.Dial
	if dial == nil {
		dial = dialer(s.settings().Source, addr).DialContext
	}
	return dial(ctx, "tcp", net.JoinHostPort(addr.String(), port))
}

// dialer leaves from source, where it is of the family of to.
func dialer(source, to netip.Addr) *net.Dialer {
	d := &net.Dialer{KeepAlive: time.Minute}
	if source.IsValid() && source.Unmap().Is4() == to.Is4() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source.Unmap(), 0))
	}
	return d
}
