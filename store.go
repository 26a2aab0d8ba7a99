package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"buzon/internal/admin"
	"buzon/internal/arrivals"
	"buzon/internal/claim"
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
	"buzon/internal/metrics"
	"buzon/internal/phone"
	"buzon/internal/publish"
	"buzon/internal/records"
	"buzon/internal/roster"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/trust"
	"buzon/internal/update"
	"buzon/internal/wear"
	"buzon/web/page"
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
	st, err := store.Open(ctx, o.data, store.Options{Log: o.log, Now: o.now, Limits: o.limits})
	return st, admin.FileProblem(err, o.data)
}

// open opens the one file and makes of it all that the services share.
func open(ctx context.Context, o options) (*appliance, error) {
	st, err := openFile(ctx, o)
	if err != nil {
		return nil, err
	}
	a := &appliance{
		store: st, log: o.log, limits: o.limits, now: o.now, data: o.data, dataDir: filepath.Dir(o.data),
		conns:    &limit.Conns{All: o.limits.Connections, PerAddress: o.limits.PerAddress},
		lines:    cmp.Or(o.lines, logring.New()),
		roster:   &roster.Roster{Now: o.now},
		arrivals: new(arrivals.Log),
		wear:     wear.New(wear.Options{Store: st, Path: o.data, Now: o.now, Log: o.log}),
		owner:    claim.NewOwner(st, o.owned, o.log),
		changed:  make(chan struct{}, 1), restart: make(chan struct{}, 1),
	}
	if err := errors.Join(a.unlock(ctx, o), a.prepareClaim(o)); err != nil {
		st.Close()
		return nil, err
	}
	a.prepareMetrics()
	count := func(fate store.Fate, octets int64) { a.metrics.Delivery(fate.String(), octets) }
	if a.sending, err = openSending(ctx, st, o, count); err != nil {
		st.Close()
		return nil, err
	}
	a.onward = a.sending.Desk
	a.doctor = openDoctor(st, a.sending, o)
	a.prepareJudging(o)
	a.names = a.newNames(o)
	a.preparePage()
	return a, nil
}

// preparePage puts together what people see.
func (a *appliance) preparePage() {
	a.links = phone.NewLinks(phone.Options{Store: a.store, Signer: a.certs.Usual, Rand: rand.Reader, Now: a.now, Log: a.log})
	world := publish.World{Now: a.now, Dial: a.sending.Dial}
	a.publish = &publish.Desk{Options: publish.Options{
		Store: a.store, Keys: a.sending.Keys(), Provider: world.Provider, Addresses: a.doctor.Public, Now: a.now, Log: a.log,
	}}
	a.page = page.New(page.Options{
		Store: a.store, Door: a.door, Claim: a.claim, Claimed: a.claimed, Home: listen.AtHome,
		Name: a.name, NameFor: a.nameFor, Local: a.names.Name, Log: a.log, Now: a.now,
		Trusted: func() bool { return a.certs.Trusted(a.name()) },
		Reaches: a.doctor.LeadsBack,
		Keys:    a.sending.Keys(), Publish: a.publish, Data: a.data, Doctor: a.doctor, Sending: a.sending, Links: a.links,
		Lines: a.lines, Roster: a.roster, Arrivals: a.arrivals, Wear: a.wear, Place: update.Here(),
	})
}

// enter notes that somebody logged in.
func (a *appliance) enter(p login.Peer, acc store.Account) *roster.Row {
	return a.roster.Enter(roster.Place{Account: acc.Address.String(), Service: p.Service, Addr: p.Addr, Device: acc.App})
}

// prepareClaim makes the code with which the box gets an owner, or tidies up after the one by which it has one.
func (a *appliance) prepareClaim(o options) (err error) {
	file := filepath.Join(a.dataDir, claim.FileName)
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

// claimed tells whether the box has an owner.
func (a *appliance) claimed() bool { return a.owner.Known() }

// hostEnv names us in the home network where the firmware knows better than the file.
const hostEnv = "BUZON_HOST"

// newNames makes what answers for our name in the home network. In a world of a test there is none unless the test says so.
func (a *appliance) newNames(o options) *mdns.Responder {
	if o.outside != nil && o.neighbours == nil {
		return nil
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
	all := mdns.Options{Host: settings.LocalName, Listen: o.listen, Log: a.log, Named: func(string) { ring(a.changed) }}
	if o.neighbours != nil {
		o.neighbours(&all)
	}
	return mdns.New(all)
}

// startOnNewest is start on the file that a restore left, if there is one, or on the one before where that one fails.
func startOnNewest(ctx context.Context, o options) (a *appliance, err error) {
	err = store.BeginOnNewest(ctx, o.data, o.log, func(look time.Duration) error {
		o.look = look
		a, err = start(ctx, o)
		return err
	})
	if err != nil && a != nil { // it runs, but the next start would be on another file
		return nil, errors.Join(err, a.stop())
	}
	return a, err
}

// awaitFile rings for a restart once a restored file waits to take the place of ours.
func (a *appliance) awaitFile(ctx context.Context, look time.Duration) {
	if store.AwaitStaged(ctx, a.data, look) == nil {
		ring(a.restart)
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
		Store: st, Name: func() string { return records.ServerName(st) }, Dir: filepath.Dir(o.data),
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

// unlock makes the certificate and the door from the secrets in the file.
func (a *appliance) unlock(ctx context.Context, o options) error {
	var err error
	if a.trust, err = openTrust(ctx, a, o); err != nil {
		return err
	}
	a.certs = a.trust.Source
	a.door, err = login.New(ctx, login.Options{Store: a.store, Limits: a.limits, Leaf: a.certs.Leaf, Now: a.now, Log: a.log})
	return err
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

// name is what the appliance calls itself in greetings and Received lines.
func (a *appliance) name() string { return records.ServerName(a.store) }

// nameFor is the name under which programs of a domain find the server: as its records and certificates have it.
func (a *appliance) nameFor(domain string) string { return records.ASCIIHost(a.store, domain) }

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
