package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	mathrand "math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"buzon/internal/arrivals"
	"buzon/internal/claim"
	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/doctor"
	"buzon/internal/gate"
	"buzon/internal/judge"
	"buzon/internal/limit"
	"buzon/internal/listen"
	"buzon/internal/login"
	"buzon/internal/logring"
	"buzon/internal/mdns"
	"buzon/internal/message"
	"buzon/internal/metrics"
	"buzon/internal/phone"
	"buzon/internal/publish"
	"buzon/internal/records"
	"buzon/internal/roster"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/trust"
	"buzon/internal/wear"
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
	a := &appliance{
		store: st, log: o.log, limits: o.limits, now: o.now, data: o.data, dataDir: filepath.Dir(o.data), sockets: o.sockets,
		failed: make(chan error, 1), changed: make(chan struct{}, 1), restart: make(chan struct{}, 1),
	}
	if a.sockets == nil {
		a.sockets = new(listen.Sockets)
	}
	a.conns = &limit.Conns{All: o.limits.Connections, PerAddress: o.limits.PerAddress}
	a.seen = newSeen(st, o)
	if err := errors.Join(a.unlock(ctx, o), a.prepareClaim(o)); err != nil {
		st.Close()
		return nil, err
	}
	a.prepareMetrics()
	if a.sending, err = openSending(ctx, st, o, a.countDelivery); err != nil {
		st.Close()
		return nil, err
	}
	a.onward = a.sending.Desk
	a.doctor = openDoctor(st, a.sending, o)
	a.prepareJudging(o)
	a.preparePage(o)
	return a, nil
}

// preparePage puts together what people see.
func (a *appliance) preparePage(o options) {
	a.links = phone.NewLinks(phone.Options{Store: a.store, Signer: a.certs.Usual, Rand: rand.Reader, Now: a.now, Log: a.log})
	world := publish.World{Now: a.now, Dial: a.sending.Dial}
	a.publish = &publish.Desk{Options: publish.Options{
		Store: a.store, Keys: a.sending.Keys(), Provider: world.Provider, Addresses: a.doctor.Public, Now: a.now, Log: a.log,
	}}
	a.page = a.newPage(o)
}

// seen is what the page shows of the running appliance and the file does not hold, but for the disk's figures.
type seen struct {
	lines    *logring.Ring
	roster   *roster.Roster
	arrivals *arrivals.Log
	wear     *wear.Keeper
}

func newSeen(st *store.Store, o options) seen {
	s := seen{
		lines: o.lines, roster: &roster.Roster{Now: o.now}, arrivals: new(arrivals.Log),
		wear: wear.New(wear.Options{Store: st, Path: o.data, Now: o.now, Log: o.log}),
	}
	if s.lines == nil {
		s.lines = logring.New()
	}
	return s
}

// enter notes that somebody logged in.
func (s *seen) enter(p login.Peer, acc store.Account) *roster.Row {
	return s.roster.Enter(roster.Place{Account: acc.Address.String(), Service: p.Service, Addr: p.Addr, Device: acc.App})
}

// prepareClaim makes the code with which the box gets an owner, or tidies up after the one by which it has one.
func (a *appliance) prepareClaim(o options) (err error) {
	file := filepath.Join(a.dataDir, claim.FileName)
	a.owned.Store(o.owned)
	if a.claimed() {
		return claim.Write(file, "")
	}
	a.claim, err = claim.New(claim.Options{Now: a.now, Log: a.log, Publish: func(code string) error {
		ring(a.changed)
		return claim.Write(file, code)
	}})
	<-a.changed // the first is announced with all else
	return err
}

// claimed tells whether the box has an owner, which is that it has a domain. Who took the last one away is still the owner,
// until we start again.
func (a *appliance) claimed() bool {
	if a.owned.Load() {
		return true
	}
	domains, err := a.store.Domains(context.Background())
	if err != nil {
		a.log.Error("cannot tell whether the box has an owner", "err", err)
	}
	if len(domains) > 0 {
		a.owned.Store(true)
	}
	return len(domains) > 0
}

// claimCode is what makes the owner; "" once there is one.
func (a *appliance) claimCode() string {
	if a.claim == nil {
		return ""
	}
	return a.claim.Code()
}

// hostEnv names us in the home network where the firmware knows better than the file.
const hostEnv = "BUZON_HOST"

// prepareNames makes what answers for our name in the home network, unless we are there for this machine alone.
func (a *appliance) prepareNames(o options) {
	at, err := netip.ParseAddr(o.listen)
	if o.outside != nil && o.neighbours == nil || err == nil && at.IsLoopback() {
		return
	}
	settings := *a.store.Settings()
	if host := os.Getenv(hostEnv); host != "" {
		named, err := settings.With("local.name", host)
		if err = errors.Join(err, named.Validate()); err != nil {
			a.log.Warn("this cannot be our name in the home network", hostEnv, host, "err", err)
		} else {
			settings = named
		}
	}
	all := mdns.Options{Host: settings.LocalName, Port: int(a.pageAddr().Port()), Log: a.log, Named: func(string) { ring(a.changed) }}
	if err == nil && !at.IsUnspecified() {
		all.Addr = func(addr netip.Addr) bool { return addr == at.Unmap() }
	}
	if o.neighbours != nil {
		o.neighbours(&all)
	}
	names := mdns.New(all)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names = names
}

// startOnNewest starts on the file that a restore left, if there is one, and on the one before where that one fails.
func startOnNewest(ctx context.Context, o *options) (*appliance, error) {
	if err := store.SweepStaged(o.data); err != nil {
		o.log.Warn("copies are left beside the file", "err", err)
	}
	taken, err := store.Take(ctx, o.data)
	o.look = 0
	if err != nil { // commands still work on the old one, as a rule; mail goes on with it meanwhile
		if _, missing := os.Stat(o.data); missing != nil {
			return nil, err
		}
		o.look = takeAgain
		o.log.Warn("the restored file is not taken yet", "err", err)
	}
	a, err := start(ctx, *o)
	if !taken || err == nil || ctx.Err() != nil {
		return a, err
	}
	o.log.Error("cannot begin with the restored file, trying the one before it", "err", err)
	if err := store.PutBack(o.data); err != nil {
		return nil, err
	}
	if a, err = start(ctx, *o); err != nil {
		return nil, err // it was not the file's fault: that waits for the next start
	}
	_, err = store.Withdraw(o.data)
	if err != nil {
		return nil, errors.Join(err, a.stop())
	}
	return a, nil
}

const (
	lookEvery = time.Second // for a restored file; it is taken within two
	takeAgain = time.Minute // after that failed, mostly because others did not let go of the old file
)

// awaitFile rings for a restart once a restored file waits to take the place of ours.
func (a *appliance) awaitFile(ctx context.Context, wait time.Duration) {
	for ; ; wait = lookEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(wait, lookEvery)):
		}
		if store.Staged(a.data) {
			ring(a.restart)
			return
		}
	}
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

// openDoctor puts together what examines the box. In a world of a test, or none, nothing is examined but when somebody asks.
func openDoctor(st *store.Store, s *sending.Sending, o options) *doctor.Doctor {
	all := doctor.Options{
		Store: st, Sending: s, Clock: o.clock, Folder: filepath.Dir(o.data), Now: o.now, Log: o.log, Dial: s.Dial, Roots: s.Roots,
	}
	if o.outside != nil {
		all.Off, all.Clock = true, nil
		all.Resolver = func() dns.Resolver { return s.Resolver }
		all.Addresses = func() []netip.Addr { return nil } // those of this machine are not of that world
		all.Router = func(context.Context) (netip.Addr, error) { return netip.Addr{}, errors.ErrUnsupported }
	}
	return doctor.New(all)
}

// notePorts keeps for the doctor, who may be another process, where our services listen.
func (a *appliance) notePorts(ctx context.Context, open []port) {
	standard := map[string]int{"smtp": 25, "smtps": 465, "submission": 587, "imaps": 993, "https": 443, "http": 80}
	listening := doctor.Ports{}
	for _, p := range open {
		if number, ok := standard[p.Name]; ok {
			listening[number] = p.Addr().String()
		}
	}
	if err := doctor.KeepPorts(ctx, a.store, listening); err != nil { // we serve all the same
		a.log.Error("cannot keep where we listen", "err", err)
	}
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
	if err := records.KeepTrusted(ctx, a.store, a.certs.Trusted(a.name())); err != nil && ctx.Err() == nil {
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
