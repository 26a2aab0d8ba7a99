package web

import (
	"net/http"

	"buzon/internal/zone"
)

// paccPath is the one of draft-ietf-mailmaint-pacc.
const paccPath = "/.well-known/user-agent-configuration.json"

func (s *Site) paccPages() []page {
	return []page{{label: "ua-auto-config.", path: paccPath, serve: s.servePACC}}
}

// PACC is the document about a domain, the same octets every time: a TXT record at _ua-auto-config holds their digest.
func (s *Site) PACC(domain string) ([]byte, error) { return zone.PACC(domain, s.Host(domain), s.Port) }

func (s *Site) servePACC(w http.ResponseWriter, _ *http.Request, domain string) {
	body, err := s.PACC(domain)
	if err != nil {
		s.Log.Error("page not made", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.write(w, http.StatusOK, "application/json", body)
}
