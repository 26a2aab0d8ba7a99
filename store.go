package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"buzon/internal/admin"
	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/gate"
	"buzon/internal/judge"
	"buzon/internal/limit"
	"buzon/internal/login"
	"buzon/internal/message"
	"buzon/internal/metrics"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/trust"
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
	if err := a.unlock(ctx, o); err != nil {
		st.Close()
		return nil, err
	}
	a.prepareMetrics()
	if a.sending, err = openSending(ctx, st, o, a.countDelivery); err != nil {
		st.Close()
		return nil, err
	}
	a.onward = a.sending.Desk
	a.prepareJudging(o)
	return a, nil
}

// prepareMetrics makes the counters.
func (a *appliance) prepareMetrics() {
	begin := a.now()
	reasons := append(gate.Reasons(), judge.ReasonDMARC, judge.ReasonDNS)
	a.metrics = metrics.New(reasons, metrics.Sources{
		Queue:       func() (waiting, held int64, err error) { return a.store.QueueSize(context.Background()) },
		Connections: a.conns.Open,
		Up:          func() float64 { return a.now().Sub(begin).Seconds() },
	})
	a.door.Count = func(service string) { a.metrics.LoginsFailed.Of(service).Inc() }
}

// countDelivery counts what became of a recipient elsewhere.
func (a *appliance) countDelivery(fate store.Fate, octets int64) {
	a.metrics.Deliveries.Of(fate.String()).Inc()
	if fate == store.Delivered || fate == store.Relayed {
		a.metrics.Sent.Add(octets)
	}
}

// prepareJudging puts together what decides about mail from the world.
func (a *appliance) prepareJudging(o options) {
	a.gate = gate.New(gate.Options{
		Resolver:     a.sending.Resolver,
		ResolverName: func() string { return a.store.Settings().Resolver },
		Settings:     func() config.Settings { return *a.store.Settings() },
		Limits:       a.limits,
		Name:         a.name,
		Ours:         a.store.IsLocalDomain,
		Store:        gate.FromStore(a.store),
		Home:         o.home,
		Count:        func(reason string) { a.metrics.Refused.Of(reason).Inc() },
		Now:          a.now,
		Log:          a.log,
	})
	a.judge = &judge.Judge{Store: a.store, Resolver: a.sending.Resolver, Name: a.name, Draw: mathrand.IntN, Now: a.now, Log: a.log}
}

// openSending puts together what carries mail out.
func openSending(ctx context.Context, st *store.Store, o options, count func(store.Fate, int64)) (*sending.Sending, error) {
	all := sending.Options{
		Store: st, Name: func() string { return serverName(st) }, Dir: filepath.Dir(o.data),
		Log: o.log, Now: o.now, Grace: o.limits.ShutdownGrace, Count: count,
	}
	if o.outside != nil {
		o.outside(&all)
	}
	return sending.New(ctx, all)
}

// unlock makes the certificate and the door from the secrets in the file.
func (a *appliance) unlock(ctx context.Context, o options) error {
	var err error
	if a.trust, err = openTrust(ctx, a, o); err != nil {
		return err
	}
	a.certs = a.trust.Source
	fake, err := a.store.Secret(ctx, "scram.fake-salt", func() ([]byte, error) {
		return random(32), nil
	})
	if err != nil {
		return err
	}
	a.door = &login.Door{Store: a.store, Guard: a.guard(), Leaf: a.certs.Leaf, FakeKey: fake, Log: a.log}
	return nil
}

// openTrust puts together what makes programs believe that it is us. In a world of a test, or none, no authority is asked
// unless the test says which.
func openTrust(ctx context.Context, a *appliance, o options) (*trust.Trust, error) {
	all := trust.Options{Store: a.store, Name: a.name, Now: a.now, Clock: o.clock, Log: a.log, Off: o.outside != nil}
	all.Shown = func() { a.noteTrusted(context.Background()) }
	if o.authority != nil {
		o.authority(&all)
	}
	return trust.New(ctx, all)
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

// nameFor is the name under which programs of a domain find the server: as its records and certificates have it, mail. below
// the domain until a name is set.
func (a *appliance) nameFor(domain string) string {
	if a.store.Settings().ServerName != "" {
		return a.name()
	}
	return "mail." + message.Address{Domain: domain}.ASCIIDomain()
}

// serverName is the name of whoever serves st, also while nobody does.
func serverName(st *store.Store) string {
	if name := st.Settings().ServerName; name != "" { // in A-labels: greetings (RFC 5321 §2.3.5) and certificates have no others
		return message.Address{Domain: name}.ASCIIDomain()
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
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
		if err := errors.Join(a.store.Care(ctx), a.trust.Care(ctx)); err != nil && ctx.Err() == nil {
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
