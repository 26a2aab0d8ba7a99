package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks a checker.
type Client struct {
	Address string // host:port of the checker
	// Dial is how it is reached; nil: net.Dialer. The network is tcp4 or tcp6, and chooses the address that is looked at.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// maxAnswer is more than an honest answer has.
const maxAnswer = 64 << 10 // octets

// ErrTooOften says that the checker wants to be asked later.
var ErrTooOften = errors.New("the outside checker was asked too often")

// Look asks for the ports, at our address of the network tcp4 or tcp6. name is the one that certificates are to have.
func (c Client) Look(ctx context.Context, network, name string, ports []int) (Answer, error) {
	query := url.Values{"name": {name}}
	for _, p := range ports {
		query.Add("port", strconv.Itoa(p))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Address+path+"?"+query.Encode(), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("outside: %w", err)
	}
	client := c.http(network)
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("outside: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("outside: %w", err)
	case response.StatusCode == http.StatusTooManyRequests:
		return Answer{}, ErrTooOften
	case response.StatusCode != http.StatusOK:
		return Answer{}, fmt.Errorf("outside: %s: %.200s", response.Status, strings.TrimSpace(string(body)))
	}
	return ParseAnswer(body)
}

func (c Client) http(network string) *http.Client {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, network, address) },
			DisableKeepAlives:      true,
			ResponseHeaderTimeout:  lookTime + 10*time.Second,
			MaxResponseHeaderBytes: 16 << 10,
		},
	}
}

// ParseAnswer reads what a checker sent. What it says of ports that nobody may ask for is left out.
func ParseAnswer(text []byte) (Answer, error) {
	var raw struct {
		Address netip.Addr
		Ports   []Port
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return Answer{}, fmt.Errorf("outside: not an answer: %w", err)
	}
	a := Answer{Address: raw.Address.Unmap().WithZone("")}
	if !a.Address.IsValid() {
		return Answer{}, errors.New("outside: not an answer: it names no address")
	}
	for _, n := range Ports() {
		for _, p := range raw.Ports {
			if p.Port == n && (p.State == Open || p.State == Closed || p.State == Silent) {
				p.Greeting = printable(p.Greeting)
				a.Ports = append(a.Ports, p)
				break
			}
		}
	}
	return a, nil
}

// printable is a text that a terminal can be shown.
func printable(s string) string {
	s = s[:min(len(s), maxLine)]
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, s)
}
