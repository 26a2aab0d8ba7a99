package web

import (
	"encoding/xml"
	"net/http"
)

// Where Thunderbird, K-9 and those that learned from them look (draft-ietf-mailmaint-autoconfig): first over HTTPS, then
// over HTTP, at a host for this alone, then at the domain itself.
const (
	autoconfigPath      = "/mail/config-v1.1.xml"
	autoconfigWellKnown = "/.well-known/autoconfig" + autoconfigPath
)

func (s *Site) autoconfigPages() []page {
	return []page{
		{label: "autoconfig.", path: autoconfigPath, serve: s.serveAutoconfig},
		{path: autoconfigWellKnown, serve: s.serveAutoconfig},
	}
}

// clientConfig is the document. K-9 wants an id and a domain that are names for DNS, IMAP, SMTP, and a socketType for each.
type clientConfig struct {
	XMLName  xml.Name      `xml:"clientConfig"`
	Version  string        `xml:"version,attr"`
	Provider emailProvider `xml:"emailProvider"`
}

type emailProvider struct {
	ID        string       `xml:"id,attr"`
	Domain    string       `xml:"domain"`
	Name      string       `xml:"displayName"`
	ShortName string       `xml:"displayShortName"`
	Incoming  []mailServer `xml:"incomingServer"`
	Outgoing  []mailServer `xml:"outgoingServer"`
}

type mailServer struct {
	Type           string `xml:"type,attr"`
	Hostname       string `xml:"hostname"`
	Port           int    `xml:"port"`
	SocketType     string `xml:"socketType"`
	Authentication string `xml:"authentication"`
	Username       string `xml:"username"`
}

// serveAutoconfig tells the settings of a domain. Some programs add ?emailaddress= and K-9 never does, so nothing depends on it.
func (s *Site) serveAutoconfig(w http.ResponseWriter, _ *http.Request, domain string) {
	s.writeXML(w, clientConfig{
		Version: "1.1",
		Provider: emailProvider{
			ID: domain, Domain: domain, Name: domain, ShortName: domain,
			// The first that a program knows is the one that it takes.
			Incoming: s.mailServers(domain, [][3]string{{"imaps", "imap", "SSL"}, {"pop3s", "pop3", "SSL"}}),
			// RFC 8314 §3.3 prefers TLS from the first octet; some networks let only the other through.
			Outgoing: s.mailServers(domain, [][3]string{{"submissions", "smtp", "SSL"}, {"submission", "smtp", "STARTTLS"}}),
		},
	})
}

// mailServers are those of the kinds {service, type, socketType} that are offered.
func (s *Site) mailServers(domain string, kinds [][3]string) (list []mailServer) {
	for _, k := range kinds {
		if port := s.Port(k[0]); port != 0 {
			list = append(list, mailServer{
				Type: k[1], Hostname: s.Host(domain), Port: port, SocketType: k[2],
				Authentication: "password-cleartext", // inside TLS; "encrypted" would be CRAM-MD5
				Username:       "%EMAILADDRESS%",     // the program fills it in
			})
		}
	}
	return list
}

// writeXML sends a document.
func (s *Site) writeXML(w http.ResponseWriter, document any) {
	body, err := xml.MarshalIndent(document, "", "  ")
	if err != nil {
		s.Log.Error("page not made", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.write(w, http.StatusOK, "text/xml; charset=utf-8", append([]byte(xml.Header), append(body, '\n')...))
}
