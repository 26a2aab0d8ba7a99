package web

import (
	"encoding/json"
	"net/http"
)

// paccPath is the one of draft-ietf-mailmaint-pacc-02.
const paccPath = "/.well-known/user-agent-configuration.json"

func (s *Site) paccPages() []page {
	return []page{{label: "ua-auto-config.", path: paccPath, serve: s.servePACC}}
}

// pacc is the document. Its protocols are spoken with TLS from the first octet, at the ports of RFC 8314: it has no others.
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

// PACC is the document about a domain, the same octets every time: a TXT record at _ua-auto-config may hold their digest.
func (s *Site) PACC(domain string) ([]byte, error) {
	document := pacc{
		Protocols:      map[string]paccServer{}, // sorted by encoding/json
		Authentication: paccAuthentication{Password: true},
		Info:           paccInfo{paccProvider{domain}},
	}
	for _, p := range []struct {
		name, service string
		port          int
	}{{"imap", "imaps", 993}, {"pop3", "pop3s", 995}, {"smtp", "submissions", 465}} {
		if s.Port(p.service) == p.port {
			document.Protocols[p.name] = paccServer{s.Host(domain)}
		}
	}
	return json.Marshal(document)
}

func (s *Site) servePACC(w http.ResponseWriter, _ *http.Request, domain string) {
	body, err := s.PACC(domain)
	if err != nil {
		s.Log.Error("page not made", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.write(w, http.StatusOK, "application/json", body)
}
