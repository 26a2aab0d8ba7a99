package line

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ssdpAddress is where routers hear who looks for them (UPnP Device Architecture 1.1 §1.3.2).
func ssdpAddress() netip.AddrPort { return netip.MustParseAddrPort("239.255.255.250:1900") }

const (
	upnpTime = 3 * time.Second // for the whole talk with a router next door
	maxUPnP  = 256 << 10       // octets of a description; some routers have long ones
)

// errUPnP says that a router does not do it, or not as we understand it.
var errUPnP = errors.New("ask the router: it does not do UPnP")

// askUPnP asks a router for its address outside by UPnP (WANIPConnection:1 §2.4.18). Nobody but the router is believed, and
// nobody else is asked, whatever address an answer names.
func askUPnP(ctx context.Context, router netip.Addr, search netip.AddrPort) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, upnpTime)
	defer cancel()
	location, err := searchUPnP(ctx, router, search)
	if err != nil {
		return netip.Addr{}, err
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10},
	}
	body, err := talk(ctx, client, http.MethodGet, location, "", "")
	if err != nil {
		return netip.Addr{}, err
	}
	service, control, err := parseDescription(body)
	if err != nil {
		return netip.Addr{}, err
	}
	address, err := sameHost(location, control, router)
	if err != nil {
		return netip.Addr{}, err
	}
	body, err = talk(ctx, client, http.MethodPost, address, service+"#GetExternalIPAddress", envelope(service))
	if err != nil {
		return netip.Addr{}, err
	}
	return parseExternal(body)
}

// searchUPnP finds where the router describes itself.
func searchUPnP(ctx context.Context, router netip.Addr, search netip.AddrPort) (*url.URL, error) {
	conn, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		return nil, fmt.Errorf("ask the router: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	request := "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n" +
		"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n"
	if _, err := conn.WriteTo([]byte(request), net.UDPAddrFromAddrPort(search)); err != nil {
		return nil, fmt.Errorf("ask the router: %w", err)
	}
	reply := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(reply)
		if err != nil {
			return nil, errUPnP // nobody answered in time
		}
		sender, ok := from.(*net.UDPAddr)
		if !ok || sender.AddrPort().Addr().Unmap() != router {
			continue
		}
		if location, err := parseSearch(reply[:n]); err == nil {
			return sameHost(location, "", router)
		}
	}
}

// parseSearch reads an answer to a search.
func parseSearch(reply []byte) (*url.URL, error) {
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(reply)), nil)
	if err != nil {
		return nil, errUPnP
	}
	response.Body.Close()
	location, err := url.Parse(response.Header.Get("Location"))
	if err != nil || location.Scheme != "http" {
		return nil, errUPnP
	}
	return location, nil
}

// sameHost resolves a reference and sees that it is of the router.
func sameHost(base *url.URL, reference string, router netip.Addr) (*url.URL, error) {
	u, err := base.Parse(reference)
	if err != nil || u.Scheme != "http" || u.Hostname() != router.String() || u.User != nil {
		return nil, errUPnP
	}
	return u, nil
}

// talk sends one request to the router; action is that of SOAP, or "".
func talk(ctx context.Context, client *http.Client, method string, u *url.URL, action, body string) (io.Reader, error) {
	request, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the router: %w", err)
	}
	if action != "" {
		request.Header.Set("Content-Type", `text/xml; charset="utf-8"`)
		request.Header.Set("SOAPAction", `"`+action+`"`)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the router: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errUPnP
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxUPnP))
	if err != nil {
		return nil, fmt.Errorf("ask the router: %w", err)
	}
	return bytes.NewReader(text), nil
}

func envelope(service string) string {
	return `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ` +
		`s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:GetExternalIPAddress xmlns:u="` + service +
		`"/></s:Body></s:Envelope>`
}

// parseDescription finds the service that knows the address, and where it is asked. Services stand at any depth.
func parseDescription(text io.Reader) (service, control string, err error) {
	known := map[string]bool{
		"urn:schemas-upnp-org:service:WANIPConnection:1": true, "urn:schemas-upnp-org:service:WANIPConnection:2": true,
		"urn:schemas-upnp-org:service:WANPPPConnection:1": true,
	}
	d := xml.NewDecoder(text)
	for {
		token, err := d.Token()
		if err != nil {
			return "", "", errUPnP
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "service" {
			continue
		}
		var s struct {
			Type    string `xml:"serviceType"`
			Control string `xml:"controlURL"`
		}
		if err := d.DecodeElement(&s, &start); err != nil {
			return "", "", errUPnP
		}
		if s.Type = strings.TrimSpace(s.Type); known[s.Type] {
			return s.Type, strings.TrimSpace(s.Control), nil
		}
	}
}

// parseExternal reads the answer of GetExternalIPAddress.
func parseExternal(text io.Reader) (netip.Addr, error) {
	d := xml.NewDecoder(text)
	for {
		token, err := d.Token()
		if err != nil {
			return netip.Addr{}, errUPnP
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "NewExternalIPAddress" {
			continue
		}
		var value string
		if err := d.DecodeElement(&value, &start); err != nil {
			return netip.Addr{}, errUPnP
		}
		a, err := netip.ParseAddr(strings.TrimSpace(value))
		if err != nil || !a.Is4() || a.IsUnspecified() { // 0.0.0.0: it has no line at the moment
			return netip.Addr{}, errUPnP
		}
		return a, nil
	}
}
