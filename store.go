package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"buzon/internal/admin"
	"buzon/internal/certs"
	"buzon/internal/cli"
	"buzon/internal/limit"
	"buzon/internal/login"
	"buzon/internal/sending"
	"buzon/internal/store"
)

const (
	systemData = "/var/lib/buzon" // made by the packages and by systemd's StateDirectory
	fileName   = "buzon.db"

	careHour = 4 // o'clock, local time: a home sleeps, and the night's clock change (at 2 or 3) is over
)

// dataFile is where the file is: where the flag says, else where a package put it, else in the folder we are in.
func dataFile(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if info, err := os.Stat(systemData); err == nil && info.IsDir() {
		return filepath.Join(systemData, fileName), nil
	}
	return filepath.Abs(fileName)
}

// openFile opens the one file, or makes it. What a person can do something about is said in their words.
func openFile(ctx context.Context, o options) (*store.Store, error) {
	if _, err := os.Stat(filepath.Dir(o.data)); errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Fail("error_no_folder", "folder", filepath.Dir(o.data))
	}
	st, err := store.Open(ctx, o.data, store.Options{Log: o.log, Now: o.now, Limits: o.limits})
	switch {
	case errors.Is(err, store.ErrNewer):
		return nil, cli.Fail("error_newer", "file", o.data)
	case errors.Is(err, store.ErrNotBuzon):
		return nil, cli.Fail("error_not_buzon", "file", o.data)
	case err != nil && !writable(o.data):
		return nil, cli.Fail("error_permission", "file", o.data)
	}
	return st, err
}

// writable tells whether we may write a file that is there, or else make one.
func writable(path string) bool {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		path = filepath.Dir(path)
	}
	return unix.Access(path, unix.W_OK) == nil
}

// open opens the one file and makes of it all that the services share.
func open(ctx context.Context, o options) (*appliance, error) {
	st, err := openFile(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &appliance{store: st, log: o.log, limits: o.limits, now: o.now, dataDir: filepath.Dir(o.data)}
	a.conns = &limit.Conns{All: o.limits.Connections, PerAddress: o.limits.PerAddress}
	if err := a.unlock(ctx); err != nil {
		st.Close()
		return nil, err
	}
	if a.sending, err = openSending(ctx, st, o); err != nil {
		st.Close()
		return nil, err
	}
	a.onward = a.sending.Desk
	return a, nil
}

// openSending puts together what carries mail out.
func openSending(ctx context.Context, st *store.Store, o options) (*sending.Sending, error) {
	all := sending.Options{
		Store: st, Name: func() string { return serverName(st) }, Dir: filepath.Dir(o.data),
		Log: o.log, Now: o.now, Grace: o.limits.ShutdownGrace,
	}
	if o.outside != nil {
		o.outside(&all)
	}
	return sending.New(ctx, all)
}

// unlock makes the certificate and the door from the secrets in the file.
func (a *appliance) unlock(ctx context.Context) error {
	self, err := a.store.Secret(ctx, "tls.self-signed", a.selfSigned)
	if err != nil {
		return err
	}
	cert, key, err := splitPEM(self)
	if err != nil {
		return err
	}
	a.certs, err = certs.New(certs.Options{
		CertFile:       func() string { return a.store.Settings().CertFile },
		KeyFile:        func() string { return a.store.Settings().KeyFile },
		SelfSignedCert: cert,
		SelfSignedKey:  key,
		Log:            a.log,
		Now:            a.now,
	})
	if err != nil {
		return err
	}
	fake, err := a.store.Secret(ctx, "scram.fake-salt", func() ([]byte, error) {
		return random(32), nil
	})
	if err != nil {
		return err
	}
	a.door = &login.Door{Store: a.store, Guard: a.guard(), Leaf: a.certs.Leaf, FakeKey: fake, Log: a.log}
	return nil
}

// guard slows guessing.
func (a *appliance) guard() *limit.Guard {
	return &limit.Guard{
		Free:     a.limits.LoginsFree,
		Base:     a.limits.LoginDelay,
		Max:      a.limits.LoginDelayMax,
		HalfLife: a.limits.LoginForget,
		Trust:    a.limits.LoginTrust,
		Entries:  a.limits.LoginEntries,
		Now:      a.now,
	}
}

// name is what the appliance calls itself in greetings and Received lines.
func (a *appliance) name() string { return serverName(a.store) }

// serverName is the name of whoever serves st, also while nobody does.
func serverName(st *store.Store) string {
	if name := st.Settings().ServerName; name != "" {
		return name
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// selfSigned makes the certificate for those who have none: once, so that mail apps have to trust it once only.
func (a *appliance) selfSigned() ([]byte, error) {
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	cert, key, err := certs.SelfSigned(a.name(), []string{"localhost"}, loopback, a.now())
	if err != nil {
		return nil, fmt.Errorf("make self-signed certificate: %w", err)
	}
	return append(cert, key...), nil
}

// splitPEM takes certificate and key apart, which selfSigned keeps as one secret so that they can only change together.
func splitPEM(both []byte) (cert, key []byte, err error) {
	block, rest := pem.Decode(both)
	if block == nil || len(bytes.TrimSpace(rest)) == 0 {
		return nil, nil, fmt.Errorf("the self-signed certificate in the file is damaged")
	}
	return pem.EncodeToMemory(block), rest, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// careNightly sweeps the file once a night until ctx is over. A night missed is made up for in the next.
func (a *appliance) careNightly(ctx context.Context) {
	for {
		a.noteTrusted(ctx)
		night := time.NewTimer(nextNight(a.now()).Sub(a.now()))
		select {
		case <-ctx.Done():
			night.Stop()
			return
		case <-night.C:
		}
		if err := a.store.Care(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("nightly care failed", "err", err)
		}
	}
}

// noteTrusted keeps for `buzon dns` and the page whether the world believes our certificate.
func (a *appliance) noteTrusted(ctx context.Context) {
	trusted := "no"
	if a.certs.Trusted(a.name()) {
		trusted = "yes"
	}
	if was, _, _, err := a.store.Noted(ctx, admin.NoteTrusted); err == nil && was == trusted {
		return // no write for a read
	}
	if err := a.store.Note(ctx, admin.NoteTrusted, trusted); err != nil && ctx.Err() == nil {
		a.log.Error("cannot keep whether the certificate is trusted", "err", err)
	}
}

// nextNight is the first careHour after t.
func nextNight(t time.Time) time.Time {
	night := time.Date(t.Year(), t.Month(), t.Day(), careHour, 0, 0, 0, t.Location())
	if !night.After(t) {
		night = time.Date(t.Year(), t.Month(), t.Day()+1, careHour, 0, 0, 0, t.Location())
	}
	return night
}
