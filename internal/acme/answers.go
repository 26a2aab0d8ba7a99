package acme

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	wire "golang.org/x/crypto/acme"
)

// ALPN is the protocol by which the authority looks at a certificate (RFC 8737 §6.1).
const ALPN = wire.ALPNProto

// challengePath is where the authority looks on port 80 (RFC 8555 §8.3).
const challengePath = "/.well-known/acme-challenge/"

// Answers is what to say to an authority that comes and looks. The zero value
// says nothing; it is safe for concurrent use, and holds something only while a
// Manager tries.
type Answers struct {
	mu    sync.Mutex
	pages map[string]string           // by path
	certs map[string]*tls.Certificate // by name
}

// ServeHTTP answers on port 80, and only what is asked for at the time.
func (a *Answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, ok := a.page(r.URL.Path)
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream") // RFC 8555 §8.3
	_, _ = w.Write([]byte(page))                               // whoever hangs up does not want it
}

func (a *Answers) page(path string) (string, bool) {
	if !strings.HasPrefix(path, challengePath) {
		return "", false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	page, ok := a.pages[path]
	return page, ok
}

// errNotAsked ends a handshake for a name that nobody is being asked about.
var errNotAsked = errors.New("no certificate is being made for this name")

// Certificate answers on port 443: ok is false for a hello that wants to see no
// challenge. It is for tls.Config.GetCertificate.
func (a *Answers) Certificate(hello *tls.ClientHelloInfo) (cert *tls.Certificate, ok bool, err error) {
	if !slices.Equal(hello.SupportedProtos, []string{ALPN}) { // RFC 8737 §3: that one alone
		return nil, false, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if cert := a.certs[strings.ToLower(hello.ServerName)]; cert != nil {
		return cert, true, nil
	}
	return nil, true, errNotAsked
}

// put answers with page below challengePath until remove is called.
func (a *Answers) put(path, page string) (remove func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pages == nil {
		a.pages = make(map[string]string)
	}
	a.pages[path] = page
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.pages, path)
	}
}

// putCert shows cert for name until remove is called.
func (a *Answers) putCert(name string, cert *tls.Certificate) (remove func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.certs == nil {
		a.certs = make(map[string]*tls.Certificate)
	}
	a.certs[name] = cert
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.certs, name)
	}
}
