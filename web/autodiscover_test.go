package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	outlookSchema = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	phoneSchema   = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
	phoneAnswer   = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)

// request is one as programs write it.
func request(schema, address, answer string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="%s"><Request><EMailAddress>%s</EMailAddress>`+
		`<AcceptableResponseSchema>%s</AcceptableResponseSchema></Request></Autodiscover>`, schema, address, answer)
}

func post(s *Site, path, host, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Host = host
	w := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(http.NotFound)).ServeHTTP(w, r)
	return w
}

const outlookSettings = `
Autodiscover/Response/User/DisplayName ADDRESS
Autodiscover/Response/Account/AccountType email
Autodiscover/Response/Account/Action settings
Autodiscover/Response/Account/Protocol/Type IMAP
Autodiscover/Response/Account/Protocol/Server mail.example.org
Autodiscover/Response/Account/Protocol/Port 993
Autodiscover/Response/Account/Protocol/DomainRequired off
Autodiscover/Response/Account/Protocol/LoginName ADDRESS
Autodiscover/Response/Account/Protocol/SPA off
Autodiscover/Response/Account/Protocol/SSL on
Autodiscover/Response/Account/Protocol/Encryption SSL
Autodiscover/Response/Account/Protocol/AuthRequired on
Autodiscover/Response/Account/Protocol/Type SMTP
Autodiscover/Response/Account/Protocol/Server mail.example.org
Autodiscover/Response/Account/Protocol/Port 465
Autodiscover/Response/Account/Protocol/DomainRequired off
Autodiscover/Response/Account/Protocol/LoginName ADDRESS
Autodiscover/Response/Account/Protocol/SPA off
Autodiscover/Response/Account/Protocol/SSL on
Autodiscover/Response/Account/Protocol/Encryption SSL
Autodiscover/Response/Account/Protocol/AuthRequired on`

// The answer names the address asked for, whether somebody has it or not.
func TestAutodiscover(t *testing.T) {
	for _, c := range []struct{ path, host, address, want string }{
		{autodiscoverPath, "autodiscover.example.org", "ana@example.org", "ana@example.org"},
		{"/Autodiscover/Autodiscover.xml", "example.org", "ana@example.org", "ana@example.org"},
		{"/AutoDiscover/AutoDiscover.xml", "autodiscover.example.org", " nobody@Example.ORG\r\n", "nobody@example.org"},
		{autodiscoverPath, "xn--muoz-hqa.example", "ana@example.org", "ana@example.org"}, // another domain of ours
		{autodiscoverPath, "Mail.Example.org:443", "ana@example.org", "ana@example.org"}, // where the SRV record leads
		{autodiscoverPath, "example.org", `&lt;b&gt;&amp;@example.org`, ""},              // no address
		{autodiscoverPath, "example.org", `o'neil&amp;ana@example.org`, "o'neil&ana@example.org"},
	} {
		w := post(site(io.Discard), c.path, c.host, request(outlookSchema, c.address, accountSchema))
		if c.want == "" {
			wantRefusal(t, c.address, w, 600)
			continue
		}
		wantXML(t, w, strings.ReplaceAll(outlookSettings, "ADDRESS", c.want))
	}
	for _, schema := range []string{`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">`,
		`<Response xmlns="` + accountSchema + `">`} {
		if w := post(site(io.Discard), autodiscoverPath, "example.org", request(outlookSchema, "a@example.org", accountSchema)); !strings.Contains(w.Body.String(), schema) {
			t.Errorf("no %s in %s", schema, w.Body)
		}
	}
}

// A server with a name of its own, which need not be below a domain of ours, answers there for all of them.
func TestAutodiscoverAtOwnName(t *testing.T) {
	s := site(io.Discard)
	s.Host = func(string) string { return "box.example.net" }
	for host, want := range map[string]int{
		"box.example.net": http.StatusOK, "box.example.org": http.StatusNotFound,
		"mail.example.org": http.StatusNotFound, "example.net": http.StatusNotFound,
	} {
		if w := post(s, autodiscoverPath, host, request(outlookSchema, "ana@example.org", accountSchema)); w.Code != want {
			t.Errorf("%s: %d", host, w.Code)
		}
	}
	if w := get(s, http.MethodGet, autoconfigWellKnown, "box.example.net"); w.Code != http.StatusNotFound {
		t.Errorf("no other page is there: %d", w.Code)
	}
}

func wantRefusal(t *testing.T, what string, w *httptest.ResponseRecorder, code int) {
	t.Helper()
	if w.Code != http.StatusOK { // programs look into the document of a success alone
		t.Errorf("%.80q: status %d", what, w.Code)
	}
	text := outline(t, w.Body)
	if !strings.HasPrefix(text, fmt.Sprintf("Autodiscover/Response/Error@Time=08:00:00.0000000@Id=2875818649/ErrorCode %d\n", code)) || strings.Contains(text, "Protocol") {
		t.Errorf("%.80q: %s", what, text)
	}
}

func TestAutodiscoverRefusals(t *testing.T) {
	good := request(outlookSchema, "ana@example.org", accountSchema)
	for _, c := range []struct {
		body string
		code int
	}{
		// MS-OXDSCLI §2.2.4.1.1.3.2: 500 for an address that is not of ours, 601 for a schema that is not ours.
		{request(outlookSchema, "ana@example.net", accountSchema), 500},
		{request(outlookSchema, "postmaster", accountSchema), 500},
		{request(phoneSchema, "ana@example.org", phoneAnswer), 601},
		{request(outlookSchema, "ana@example.org", ""), 601},
		// 600: what is no request.
		{"", 600},
		{"x", 600},
		{"<Autodiscover/>", 600},
		{good[:len(good)-1], 600},
		{good + "x", 600},
		{good + good, 600},
		{"x" + good, 600},
		{request("urn:x", "ana@example.org", accountSchema), 600},
		{request(outlookSchema, "ana", accountSchema), 600},
		{request(outlookSchema, "ana@example.org</EMailAddress><EMailAddress>luis@example.org", accountSchema), 600},
		{strings.Replace(good, "<EMailAddress>ana@example.org</EMailAddress>", "<LegacyDN>/o=x</LegacyDN>", 1), 600},
		{strings.Replace(good, "<Request>", `<Request xmlns="urn:x">`, 1), 600},
		{strings.Replace(good, "</Request>", "</Request><Request/>", 1), 600},
		{strings.ReplaceAll(good, "Autodiscover", "Discover"), 600},
		{strings.Replace(good, "utf-8", "utf-7", 1), 600},
		{strings.Replace(good, "<Autodiscover", `<!DOCTYPE a [<!ENTITY x "ana">]><Autodiscover`, 1), 600},
		{strings.Replace(good, "ana@", "&x;@", 1), 600},
		// No longer than it may be.
		{good + strings.Repeat(" ", maxAutodiscover), 600},
		{strings.Repeat("<a>", maxAutodiscover), 600},
	} {
		wantRefusal(t, c.body, post(site(io.Discard), autodiscoverPath, "example.org", c.body), c.code)
	}
	wantXML(t, post(site(io.Discard), autodiscoverPath, "example.org", "\ufeff"+good+"\r\n<!-- -->"),
		strings.ReplaceAll(outlookSettings, "ADDRESS", "ana@example.org"))
	if w := post(site(io.Discard), autodiscoverPath, "example.org", request(outlookSchema, "ana@broken.example", accountSchema)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("broken: %d", w.Code)
	}
}

func TestAutodiscoverJSON(t *testing.T) {
	for _, c := range []struct {
		path, host string
		status     int
		key, value string
	}{
		{"/autodiscover/autodiscover.json?Email=ana%40example.org&Protocol=AutodiscoverV1", "autodiscover.example.org", http.StatusOK,
			"Url", "https://autodiscover.example.org/autodiscover/autodiscover.xml"},
		{"/Autodiscover/Autodiscover.json?Protocol=autodiscoverv1", "example.org:443", http.StatusOK, "Url", "https://example.org/autodiscover/autodiscover.xml"},
		{"/autodiscover/autodiscover.json?Email=ana%40example.org&Protocol=ActiveSync", "example.org", http.StatusNotFound, "ErrorCode", "ProtocolNotSupported"},
		{"/autodiscover/autodiscover.json?Protocol=%22%3C", "example.org", http.StatusNotFound, "ErrorCode", "ProtocolNotSupported"},
		{"/autodiscover/autodiscover.json", "example.org", http.StatusBadRequest, "ErrorCode", "MandatoryParameterMissing"},
	} {
		w := get(site(io.Discard), http.MethodGet, c.path, c.host)
		var document map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || w.Code != c.status || document[c.key] != c.value {
			t.Errorf("%s: %d %s %v", c.path, w.Code, w.Body, err)
		}
	}
}

// What is understood can be answered, and whatever is not is refused with the one error.
func FuzzAutodiscover(f *testing.F) {
	f.Add(request(outlookSchema, "ana@example.org", accountSchema))
	f.Add(request(phoneSchema, "ana@example.org", phoneAnswer))
	f.Add("\ufeff" + request(outlookSchema, `"a b"@[192.0.2.1]`, accountSchema) + "<!-- x -->\r\n")
	f.Add(`<!DOCTYPE a [<!ENTITY x "y">]><a:Autodiscover xmlns:a="` + outlookSchema + `"><a:Request/></a:Autodiscover>`)
	f.Fuzz(func(t *testing.T, body string) {
		asked, err := readAutodiscover(strings.NewReader(body))
		if err != nil {
			if !errors.Is(err, errAutodiscover) {
				t.Fatalf("%v", err)
			}
			return
		}
		if asked.address.IsZero() {
			t.Fatalf("no address in %q", body)
		}
		s := site(io.Discard)
		w := httptest.NewRecorder()
		s.writeXML(w, autodiscoverAnswer{Account: s.autodiscoverAccount(asked.address)})
		if w.Code != http.StatusOK || outline(t, w.Body) == "" {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}
