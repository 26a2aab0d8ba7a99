package zone

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// pacc is the document of draft-ietf-mailmaint-pacc. Its protocols are spoken with TLS from the first octet, at the ports of
// RFC 8314: it has no others.
type pacc struct {
	Protocols      map[string]paccServer `json:"protocols"`
	Authentication paccAuthentication    `json:"authentication"`
	Info           paccInfo              `json:"info"`
}

type paccServer struct {
	Host string `json:"host"`
}

type paccAuthentication struct {
	Password bool `json:"password"`
}

type paccInfo struct {
	Provider paccProvider `json:"provider"`
}

type paccProvider struct {
	Name string `json:"name"`
}

// PACC is the document by which mail programs of a domain find host, both in A-labels, the same octets every time: the
// record at _ua-auto-config holds their digest. port tells where a service is, by the name of its SRV record; 0 is nowhere.
func PACC(domain, host string, port func(service string) int) ([]byte, error) {
	domain, host = strings.ToLower(domain), strings.ToLower(host)
	document := pacc{
		Protocols:      map[string]paccServer{}, // sorted by encoding/json
		Authentication: paccAuthentication{Password: true},
		Info:           paccInfo{paccProvider{domain}},
	}
	for _, p := range []struct {
		name, service string
		port          int
	}{
		{"imap", "imaps", 993}, {"pop3", "pop3s", 995},
		{"smtp", "submissions", 465}, {"submit", "submissions", 465}, // the one word until draft 02, the other since 03
	} {
		if port(p.service) == p.port {
			document.Protocols[p.name] = paccServer{host}
		}
	}
	return json.Marshal(document)
}

// pacc lets programs find the document, and know that nobody changed it.
func (z *zone) pacc() error {
	document, err := PACC(z.Domain, z.Host, z.port)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(document)
	z.alias(ForPrograms, "ua-auto-config")
	z.add(ForPrograms, "_ua-auto-config."+z.Domain, "TXT", "v=UAAC1; a=sha256; d="+base64.StdEncoding.EncodeToString(digest[:]))
	return nil
}

// port is where a service is.
func (z *zone) port(service string) int {
	for _, s := range z.Services {
		if s.Name == service {
			return s.Port
		}
	}
	return 0
}
