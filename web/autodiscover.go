package web

import (
	"encoding/json"
	"encoding/xml"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"

	"buzon/internal/message"
)

// Where Outlook looks, in any case: at the domain itself, then at a host for this alone (MS-OXDSCLI §3.1.5), at last where
// the SRV record leads, to the server's own name.
const (
	autodiscoverFolder = "/autodiscover/"
	autodiscoverPath   = autodiscoverFolder + "autodiscover.xml"
	autodiscoverJSON   = autodiscoverFolder + "autodiscover.json"
)

func (s *Site) autodiscoverPages() (pages []page) {
	for _, label := range []string{"autodiscover.", ""} {
		pages = append(pages, page{label: label, path: autodiscoverPath, post: true, own: label == "", serve: s.serveAutodiscover},
			page{label: label, path: autodiscoverJSON, serve: s.serveAutodiscoverJSON})
	}
	return pages
}

// accountSchema is what Outlook accepts (MS-OXDSCLI §2.2.4.1.1).
const accountSchema = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

// autodiscoverAnswer has one of the two.
type autodiscoverAnswer struct {
	XMLName xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Account *autodiscoverAccount
	Failure *autodiscoverFailure
}

type autodiscoverAccount struct {
	XMLName   xml.Name               `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Response"`
	User      string                 `xml:"User>DisplayName"`
	Kind      string                 `xml:"Account>AccountType"`
	Action    string                 `xml:"Account>Action"`
	Protocols []autodiscoverProtocol `xml:"Account>Protocol"`
}

type autodiscoverProtocol struct {
	Type           string
	Server         string
	Port           int
	DomainRequired string
	LoginName      string
	SPA            string // NTLM and the like
	SSL            string
	Encryption     string // newer programs heed this one
	AuthRequired   string
}

type autodiscoverFailure struct {
	XMLName xml.Name          `xml:"Response"` // of the schema around it
	Error   autodiscoverError `xml:"Error"`
}

type autodiscoverError struct {
	Time    string `xml:"Time,attr"`
	ID      string `xml:"Id,attr"`
	Code    int    `xml:"ErrorCode"`
	Message string
	Debug   string `xml:"DebugData"`
}

// serveAutodiscover answers for the address asked for. It may be of any domain of ours: with one name for several they are
// asked for at any of theirs. MS-OXDSCLI §2.2.4.1.1.3.2: what is wrong stands in the document, under a status of success.
func (s *Site) serveAutodiscover(w http.ResponseWriter, r *http.Request, domain string) {
	asked, err := readAutodiscover(http.MaxBytesReader(w, r.Body, maxAutodiscover))
	if err != nil {
		s.Log.Debug("autodiscover request not understood", "err", err)
		s.refuseAutodiscover(w, domain, 600, "Invalid Request")
		return
	}
	if asked.schema != accountSchema { // that of ActiveSync, as a rule
		s.refuseAutodiscover(w, domain, 601, "Provider is not available")
		return
	}
	ours, err := s.Ours(r.Context(), asked.address.Domain)
	switch {
	case err != nil:
		s.Log.Error("page not served", "domain", asked.address.Domain, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	case !ours:
		s.refuseAutodiscover(w, domain, 500, "The email address can't be found.")
	default:
		s.writeXML(w, autodiscoverAnswer{Account: s.autodiscoverAccount(asked.address)})
	}
}

func (s *Site) autodiscoverAccount(a message.Address) *autodiscoverAccount {
	account := &autodiscoverAccount{User: a.String(), Kind: "email", Action: "settings"}
	for _, p := range [][2]string{{"IMAP", "imaps"}, {"SMTP", "submissions"}} { // without TLS from the first octet there is no word for it
		if port := s.Port(p[1]); port != 0 {
			account.Protocols = append(account.Protocols, autodiscoverProtocol{
				Type: p[0], Server: s.Host(a.Domain), Port: port, LoginName: a.String(),
				DomainRequired: "off", SPA: "off", SSL: "on", Encryption: "SSL", AuthRequired: "on",
			})
		}
	}
	return account
}

func (s *Site) refuseAutodiscover(w http.ResponseWriter, domain string, code int, why string) {
	s.writeXML(w, autodiscoverAnswer{Failure: &autodiscoverFailure{Error: autodiscoverError{
		Time: s.Now().UTC().Format("15:04:05.0000000"),
		ID:   strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(s.Host(domain)))), 10),
		Code: code, Message: why,
	}}})
}

// serveAutodiscoverJSON leads to the page above, which is all that we have: no Exchange and no ActiveSync.
func (s *Site) serveAutodiscoverJSON(w http.ResponseWriter, r *http.Request, _ string) {
	protocol := r.URL.Query().Get("Protocol")
	switch {
	case strings.EqualFold(protocol, "AutodiscoverV1"):
		s.writeJSON(w, http.StatusOK, map[string]string{"Protocol": "AutodiscoverV1", "Url": "https://" + hostOf(r) + autodiscoverPath})
	case protocol == "":
		s.writeJSON(w, http.StatusBadRequest, map[string]string{"ErrorCode": "MandatoryParameterMissing",
			"ErrorMessage": "A valid value must be provided for the query parameter 'Protocol'"})
	default:
		s.writeJSON(w, http.StatusNotFound, map[string]string{"ErrorCode": "ProtocolNotSupported",
			"ErrorMessage": "The only protocol here is AutodiscoverV1"})
	}
}

func (s *Site) writeJSON(w http.ResponseWriter, status int, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		s.Log.Error("page not made", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.write(w, status, "application/json", body)
}
