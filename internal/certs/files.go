package certs

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// How often the files are looked at. A renewed certificate may be this late.
const checkEvery = 5 * time.Second

// files is the user's own certificate: two paths that may change, and what was last good in them.
type files struct {
	certPath, keyPath func() string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	checked time.Time // last look
	seen    seen      // what that look saw
	failure string    // why what was seen could not be taken; "" if it was
	cert    *tls.Certificate
}

// seen is what tells one state of the files from another.
type seen struct{ cert, key stamp }

type stamp struct {
	path     string
	size     int64
	modified int64 // nanoseconds of Unix time; 0 where there is no file
}

// get gives the last good certificate, nil where no files are set, and looks at the files when it is time to.
func (f *files) get() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	age := now.Sub(f.checked)
	if age < 0 || age >= checkEvery { // below zero: the clock was set back
		f.checked = now
		f.look()
	}
	return f.cert
}

// look reads the files where they have changed, or could not be taken the last time: that may have been a permission,
// which leaves no mark on the stamp.
func (f *files) look() {
	now := seen{cert: stampOf(f.certPath()), key: stampOf(f.keyPath())}
	if now == f.seen && f.failure == "" {
		return
	}
	f.seen = now
	if now.cert.path == "" && now.key.path == "" {
		f.cert, f.failure = nil, ""
		return
	}
	cert, err := tls.LoadX509KeyPair(now.cert.path, now.key.path)
	if err != nil {
		f.fail(err)
		return
	}
	f.cert, f.failure = &cert, ""
	f.log.Info("took the certificate from its file", "file", now.cert.path, "names", cert.Leaf.DNSNames, "until", cert.Leaf.NotAfter)
}

// fail logs a failure once, not at every look.
func (f *files) fail(err error) {
	if err.Error() == f.failure {
		return
	}
	f.failure = err.Error()
	kept := "the self-signed one"
	if f.cert != nil {
		kept = "the one before"
	}
	f.log.Error("cannot take the certificate from its file", "file", f.seen.cert.path, "key", f.seen.key.path, "err", err, "kept", kept)
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if path == "" || err != nil {
		return stamp{path: path}
	}
	return stamp{path: path, size: info.Size(), modified: info.ModTime().UnixNano()}
}
