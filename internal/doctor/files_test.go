package doctor

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
)

// files gives the owner's own certificate, the one that the world's server shows.
func (w *world) files() {
	w.t.Helper()
	path := filepath.Join(w.d.Folder, "own.pem")
	key, err := x509.MarshalPKCS8PrivateKey(w.cert.PrivateKey)
	w.must(err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.cert.Certificate[0]})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	w.must(os.WriteFile(path, text, 0o600))
	w.set("tls.cert-file", path)
}

func (w *world) removeFiles() error { return os.Remove(filepath.Join(w.d.Folder, "own.pem")) }

// wildcard gives the world a certificate that has every name.
func (w *world) wildcard() {
	w.t.Helper()
	cert, roots := newCert(w.t, "*.example.org")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cert, w.d.Roots = cert, roots
}
