// Package main is Buzon, a mail appliance: one program and one file. Read from top to bottom this file is the
// architecture: the commands, what an appliance is made of, which service listens where, how it starts and how it stops.
//
// The root holds the appliance's decisions (smtp.go, pop3.go, imap.go, store.go); internal/ holds mechanisms that do not
// know each other.
//
// The life of a received message: a listener of listen takes the connection, limit gives it a place, gate looks who comes,
// smtp.go hears MAIL and RCPT and asks the store who that is, spool checks the body and makes it seekable, judge decides with
// verdict (who wrote it) and the account's own filter (junk), onward plans copies and forwards, store.Accept writes body,
// rows and quota in one transaction that is on disk before the 250, and rings the bells on which IMAP's IDLE waits. POP3 and
// IMAP read the octets through store.Body.
//
// A box begins without an owner: the page alone is open then, to the home network, for who has the code that claim shows on
// the console, and mdns tells where it is. With the first domain the ports of mail open. A restored file ends the appliance,
// and serve begins another one on it.
//
// The life of a submitted message: the same way after log-in at login.Door, without the judge; onward looks whose name it
// bears and signs it, and the same transaction queues what goes elsewhere. queue claims what is due, outbound opens a
// connection as safe as the domain asks for, smtpclient speaks, store.Settle keeps what became of it and the report.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"buzon/internal/acme"
	"buzon/internal/admin"
	"buzon/internal/certs"
	"buzon/internal/claim"
	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/doctor"
	"buzon/internal/footprint"
	"buzon/internal/gate"
	"buzon/internal/judge"
	"buzon/internal/limit"
	"buzon/internal/listen"
	"buzon/internal/login"
	"buzon/internal/logring"
	"buzon/internal/mdns"
	"buzon/internal/metrics"
	"buzon/internal/onward"
	"buzon/internal/phone"
	"buzon/internal/publish"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/trust"
	"buzon/internal/update"
	"buzon/internal/zone"
	"buzon/web"
	"buzon/web/page"
)

func main() { os.Exit(program(nil)) }

// program is the whole of it; outside is nil but in tests.
func program(outside func(*sending.Options)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once
	return run(ctx, cli.System(os.Args[1:]), outside)
}

// appliance is everything that runs, made by start and ended by stop.
type appliance struct {
	store   *store.Store
	log     *slog.Logger
	limits  config.Limits
	certs   *certs.Source
	trust   *trust.Trust
	door    *login.Door
	sending *sending.Sending
	onward  *onward.Desk
	gate    *gate.Gate
	judge   *judge.Judge
	metrics *metrics.Set
	doctor  *doctor.Doctor
	page    *page.Page
	links   *phone.Links
	publish *publish.Desk
	names   *mdns.Responder // nil where our name is not told
	claim   *claim.Claim    // nil where the box had an owner when it was started
	seen
	conns   *limit.Conns // the servers put their listeners behind it, with a refusal in their own protocol
	now     func() time.Time
	data    string // the file
	dataDir string // its folder; what is too big for memory is spooled there

	servers []server
	table   []service // what listens once the box has an owner
	sockets *listen.Sockets
	mu      sync.Mutex // for ports and names
	ports   []port     // that are open
	owned   atomic.Bool

	failed        chan error    // a port that was given up
	changed       chan struct{} // a bell: there is something new to announce
	restart       chan struct{} // a bell: another file waits to take the place of ours
	endBackground context.CancelFunc
	opening       sync.WaitGroup // what may open ports
	running       sync.WaitGroup
}

// server is one protocol server. Serve is called once for every listener, at the same time, and returns nil after
// Shutdown. Shutdown closes the listeners, lets commands in flight end until ctx is over, then closes what is left.
type server interface {
	Serve(l net.Listener, implicitTLS bool) error
	Shutdown(ctx context.Context) error
}

// service is one row of the table of ports.
type service struct {
	listen.Spec
	implicitTLS bool
	server      server
	purpose     string // key of a text
}

// port is a service on an open socket. systemd may give a service several.
type port struct {
	service
	net.Listener
}

// services are the ports of a mail server (RFC 8314 §7, RFC 6409), and 2525 for networks that block 587.
func (a *appliance) services(port func(standard int) int) []service {
	receive, submit, pop3, imap, site := newSMTP(a, receive), newSMTP(a, submit), newPOP3(a), newIMAP(a), a.newSite()
	plain := a.newPlain()
	a.servers = []server{receive, submit, pop3, imap, site, plain}
	return []service{
		{listen.Spec{Name: "smtp", Port: port(25)}, false, receive, "serve_receive"},
		{listen.Spec{Name: "smtps", Port: port(465)}, true, submit, "serve_submit"},
		{listen.Spec{Name: "submission", Port: port(587)}, false, submit, "serve_submit"},
		{listen.Spec{Name: "submission-alt", Port: port(2525)}, false, submit, "serve_submit"},
		{listen.Spec{Name: "pop3", Port: port(110)}, false, pop3, "serve_pop3"},
		{listen.Spec{Name: "pop3s", Port: port(995)}, true, pop3, "serve_pop3"},
		{listen.Spec{Name: "imap", Port: port(143)}, false, imap, "serve_imap"},
		{listen.Spec{Name: "imaps", Port: port(993)}, true, imap, "serve_imap"},
		{listen.Spec{Name: "https", Port: port(443)}, true, site, "serve_https"},
		{listen.Spec{Name: "http", Port: port(80)}, false, plain, "serve_http"},
	}
}

// site is what other mail servers and mail programs, and later people, fetch.
func (a *appliance) site() *web.Site {
	return &web.Site{
		Ours:   a.store.IsLocalDomain,
		Policy: func(domain string) string { return zone.Policy(a.nameFor(domain), a.certs.Trusted(a.name())) },
		Host:   a.nameFor,
		Port:   publicPort,
		Now:    a.now,
		Log:    a.log,
	}
}

// newSite is the site over HTTPS. On its port the authority may look, too.
func (a *appliance) newSite() server {
	config := a.certs.TLSConfig("h2", "http/1.1", acme.ALPN)
	handler := claim.Guard(a.numbersBefore(a.site().Handler(a.phonesBefore(a.page.Handler(true)))), a.claimed)
	return web.NewServer(handler, a.log, config, a.capped)
}

// newPlain is port 80, where the authority that gives certificates looks whether a name is ours (RFC 8555 §8.3), where
// Thunderbird looks for settings at last, and where the page is at home until there is a certificate.
func (a *appliance) newPlain() server {
	mux := http.NewServeMux()
	mux.Handle("/.well-known/acme-challenge/", &a.trust.Answers)
	mux.Handle("/", a.phonesBefore(a.page.Handler(false)))
	handler := claim.Guard(a.numbersBefore(a.site().PlainHandler(mux)), a.claimed)
	return web.NewServer(handler, a.log, nil, a.capped)
}

// phonesBefore serves the one-time links of phones; all else is next's.
func (a *appliance) phonesBefore(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(phone.Folder, a.links.Handler())
	mux.Handle("/", next)
	return mux
}

// newPage is what people see of the box.
func (a *appliance) newPage(o options) *page.Page {
	return page.New(page.Options{
		Store: a.store, Door: a.door, Claim: a.claim, Claimed: a.claimed, Home: listen.AtHome,
		Name: a.name, NameFor: a.nameFor, Local: a.localName, Log: a.log, Now: a.now,
		Trusted: func() bool { return a.certs.Trusted(a.name()) },
		Reaches: a.reachesItself,
		Keys:    a.sending.Keys(), Publish: a.publish, Data: a.data, Doctor: a.doctor, Sending: a.sending, Links: a.links,
		Lines: a.lines, Roster: a.roster, Arrivals: a.arrivals, Wear: a.wear, Place: update.Here(),
	})
}

// localName is our name in the home network, "" where nobody answers for it.
func (a *appliance) localName() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names == nil {
		return ""
	}
	return a.names.Name()
}

// reachesItself tells whether the last examination reached our public name from inside: most routers at home lead nobody back.
func (a *appliance) reachesItself() bool {
	found, err := doctor.Kept(context.Background(), a.store)
	if err != nil {
		a.log.Error("cannot tell whether our name leads back here", "err", err)
	}
	return slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.Check == "hairpin" && f.Verdict == doctor.Pass })
}

// publicPort is where programs out there find a service, by the name of its SRV record, which tells the same; 0 is nowhere.
// That is so with --ports high, too: who fetched it came to port 443 or 80, which somebody leads here with the others.
func publicPort(service string) int {
	for _, s := range zone.Services() {
		if s.Name == service {
			return s.Port
		}
	}
	return 0
}

// numbersBefore serves the counters at /metrics, to programs on this machine alone; all else is next's.
func (a *appliance) numbersBefore(next http.Handler) http.Handler {
	numbers := a.metrics.Handler(a.log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			numbers.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// capped puts a listener behind the caps on connections, for protocols that have no words of refusal.
func (a *appliance) capped(l net.Listener) net.Listener { return limit.Listener(l, a.conns, nil) }

// options say where an appliance is, not what it does: that is in its file.
type options struct {
	data    string                 // the file
	listen  string                 // address to listen on; "" is every one
	port    func(standard int) int // which port takes the place of a standard one
	cure    string                 // the flag that moves the ports, for the error that one is taken
	log     *slog.Logger
	lines   *logring.Ring // the last lines of log; nil: there is nothing in it
	limits  config.Limits
	now     func() time.Time
	clock   *trust.Clock           // behind now; nil: now is right
	outside func(*sending.Options) // a test seam: the world in which mail is sent
	home    func(netip.Addr) bool  // a test seam: which clients are of our own network
	sockets *listen.Sockets        // from systemd; nil: not taken yet
	owned   bool                   // as if the box had an owner from the start: all ports are open, and there is no claim code
	look    time.Duration          // before we look for another file again: it could not be taken a moment ago
	// A test seam: the authority that is asked for certificates. There is none in a world of a test that does not say which.
	authority func(*trust.Options)
	// A test seam: the links on which our name is told, none in a world of a test that does not say which.
	neighbours func(*mdns.Options)
}

// start opens the file and the ports, and serves. ctx is for the start alone; stop ends the appliance.
func start(ctx context.Context, o options) (*appliance, error) {
	a, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := a.openFirst(ctx, o); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.prepareNames(o)
	background, end := context.WithCancel(context.Background())
	a.endBackground = end
	a.running.Go(func() { a.careNightly(background) })
	a.running.Go(func() { a.send(background) })
	a.running.Go(func() { a.trust.Run(background) })
	a.running.Go(func() { a.gate.Run(background) })
	a.running.Go(func() { a.door.Keep(background) })
	a.running.Go(func() { a.doctor.Run(background) })
	a.running.Go(func() { a.wear.Run(background) })
	a.running.Go(func() { a.publish.Keep(background) })
	a.running.Go(func() { a.trim(background) })
	a.running.Go(func() { a.tellNeighbours(background) })
	a.running.Go(func() { a.awaitFile(background, o.look) })
	a.opening.Go(func() { a.awaitOwner(background, o) })
	return a, nil
}

// ofPage are the services that are open before the box has an owner: he becomes it there.
func ofPage(s service) bool { return s.Name == "http" || s.Name == "https" }

// openFirst opens all ports, or those of the page while the box has no owner. Then the others are tried, too: whoever claims
// it must not hear at the end that they are taken.
func (a *appliance) openFirst(ctx context.Context, o options) error {
	a.table = a.services(o.port)
	if err := a.sockets.Take(specs(a.table)); err != nil {
		return err
	}
	if a.claimed() {
		return a.openPorts(ctx, o, a.table)
	}
	mail := slices.DeleteFunc(slices.Clone(a.table), ofPage)
	if err := a.sockets.Try(ctx, o.listen, specs(mail)); err != nil {
		return cli.PortProblem(err, o.cure)
	}
	return a.openPorts(ctx, o, slices.DeleteFunc(slices.Clone(a.table), func(s service) bool { return !ofPage(s) }))
}

func specs(services []service) (list []listen.Spec) {
	for _, s := range services {
		list = append(list, s.Spec)
	}
	return list
}

// openPorts opens the ports of all services given, or none, and serves there.
func (a *appliance) openPorts(ctx context.Context, o options, services []service) error {
	listeners, err := a.sockets.Open(ctx, o.listen, specs(services))
	if err != nil {
		return cli.PortProblem(err, o.cure)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range listeners {
		i := slices.IndexFunc(services, func(s service) bool { return s.Spec == l.Spec })
		p := port{services[i], a.metrics.Listener(l, services[i].Name)}
		a.ports = append(a.ports, p)
		a.running.Go(func() { a.serve(p) })
	}
	a.notePorts(ctx, a.ports)
	return nil
}

// openedPorts are those that are open, in the order of the table.
func (a *appliance) openedPorts() []port {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := func(p port) int { return slices.IndexFunc(a.table, func(s service) bool { return s.Name == p.Name }) }
	return slices.SortedStableFunc(slices.Values(a.ports), func(p, q port) int { return at(p) - at(q) })
}

func (a *appliance) serve(p port) {
	if err := p.server.Serve(p.Listener, p.implicitTLS); err != nil && !errors.Is(err, net.ErrClosed) {
		a.fail(fmt.Errorf("%s on %s: %w", p.Name, p.Addr(), err))
	}
}

// fail ends the appliance. The first reason is the one that is told.
func (a *appliance) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

// ring rings a bell.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default: // already rung
	}
}

// awaitOwner opens the ports of mail once the box has an owner, whether he came by the page or by the command line.
func (a *appliance) awaitOwner(ctx context.Context, o options) {
	if a.claim == nil {
		return
	}
	mail := slices.DeleteFunc(slices.Clone(a.table), ofPage)
	if !a.unclaimed(ctx, specs(mail)) {
		return
	}
	if err := a.openPorts(ctx, o, mail); err != nil {
		if ctx.Err() == nil {
			a.fail(err)
		}
		return
	}
	a.log.Info("the box has an owner", "ports", len(mail))
	a.claim.Done() // which announces
}

// unclaimed lasts until the box has an owner, and turns away who comes to the ports of mail that systemd has open for us
// already; false is that ctx was over first.
func (a *appliance) unclaimed(ctx context.Context, mail []listen.Spec) bool {
	turning, stop := context.WithCancel(ctx)
	var turned sync.WaitGroup
	turned.Go(func() {
		if err := a.sockets.TurnAway(turning, mail); err != nil {
			a.log.Warn("cannot turn away who comes before the owner", "err", err)
		}
	})
	defer turned.Wait()
	defer stop()
	house := a.store.WatchHouse()
	defer house.Stop()
	for !a.claimed() {
		select {
		case <-ctx.Done():
			return false
		case <-house.C:
		}
	}
	return true
}

// tellNeighbours answers for our name in the home network until ctx is over.
func (a *appliance) tellNeighbours(ctx context.Context) {
	if a.names == nil {
		return
	}
	if err := a.names.Run(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("our name is not told in the home network", "err", err)
	}
}

// send carries mail out until ctx is over.
func (a *appliance) send(ctx context.Context) {
	if err := a.sending.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		a.log.Error("sending ended", "err", err)
	}
}

// startTime is how long after the ports are open the start is over: keys are looked at and the way out is chosen by then.
const startTime = 3 * time.Second

// trimEvery is how often what was needed once is given back: a log-in over TLS touches as much of the program as a start.
const trimEvery = time.Minute

// trim gives the memory back that the start needed, once it is over, and then what else was needed for a moment.
func (a *appliance) trim(ctx context.Context) {
	for wait := startTime; ; wait = trimEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		debug.FreeOSMemory() // by itself Go keeps for minutes what one log-in needed
		if err := footprint.Trim(); err != nil {
			a.log.Debug("cannot give back what the start needed", "err", err)
			return // nor will it be possible the next time
		}
	}
}

// wait lasts until ctx is over, a port is given up, or another file is to take the place of ours: then it is to go on with
// that one. Where there is something new, announce says so.
func (a *appliance) wait(ctx context.Context, announce func(*appliance) error) (goOn bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case err := <-a.failed:
			return false, err
		case <-a.restart:
			return true, nil
		case <-a.changed:
			if err := announce(a); err != nil {
				return false, err
			}
		}
	}
}

// announce prints how the box gets its owner, or what listens where and how to begin; then the line "ready".
func (a *appliance) announce(ctx context.Context, c *cli.Console) error {
	var err error
	if code := a.claimCode(); code != "" {
		err = a.announceClaim(c, code)
	} else {
		err = c.Table("head_ports", a.portRows(c))
	}
	err = errors.Join(err, admin.FirstSteps(ctx, c, a.store, a.data))
	if err != nil { // we serve all the same
		a.log.Warn("could not print what listens where", "err", err)
	}
	fmt.Fprintln(c.Out, "ready")
	return nil
}

// portRows is what listens where.
func (a *appliance) portRows(c *cli.Console) (rows [][]string) {
	for _, p := range a.openedPorts() {
		encryption := "STARTTLS"
		if p.implicitTLS {
			encryption = "TLS"
		} else if p.Name == "http" {
			encryption = "-"
		}
		rows = append(rows, []string{p.Name, p.Addr().String(), encryption, c.Say(p.purpose)})
	}
	return rows
}

// announceClaim prints the code and where it is to be typed.
func (a *appliance) announceClaim(c *cli.Console, code string) error {
	pages, err := a.pages()
	c.Println("claim_code", "pages", "  "+strings.Join(pages, "\n  "), "code", code, "file", filepath.Join(a.dataDir, claim.FileName))
	return err
}

// pages are the addresses of the page in the home network: by name, where somebody answers for it, and by number, since not
// all phones ask.
func (a *appliance) pages() (list []string, err error) {
	at := a.pageAddr()
	hosts := []string{at.Addr().String()}
	if at.Addr().IsUnspecified() {
		var addrs []netip.Addr
		addrs, err = listen.Private()
		hosts = hosts[:0]
		for _, addr := range addrs {
			hosts = append(hosts, addr.String())
		}
	}
	if a.names != nil {
		hosts = append([]string{a.names.Name()}, hosts...)
	}
	for _, host := range hosts {
		list = append(list, "http://"+strings.TrimSuffix(net.JoinHostPort(host, strconv.Itoa(int(at.Port()))), ":80"))
	}
	return list, err
}

// pageAddr is where the page listens.
func (a *appliance) pageAddr() (at netip.AddrPort) {
	for _, p := range a.openedPorts() {
		if tcp, ok := p.Addr().(*net.TCPAddr); ok && p.Name == "http" {
			at = tcp.AddrPort()
		}
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

func (a *appliance) tellSystemd(state string) {
	if err := listen.Notify(state); err != nil {
		a.log.Warn("could not tell systemd", "state", state, "err", err)
	}
}

// stop ends the appliance for good.
func (a *appliance) stop() error {
	a.log.Info("stopping")
	a.tellSystemd("STOPPING=1")
	return a.end()
}

// end lets commands in flight end, then closes the file.
func (a *appliance) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), a.limits.ShutdownGrace)
	defer cancel()
	a.endBackground()
	a.page.Close()   // whose live parts would keep their connections
	a.opening.Wait() // there is no new port from here on
	var ending sync.WaitGroup
	for _, s := range a.servers {
		ending.Go(func() {
			if err := s.Shutdown(ctx); err != nil {
				a.log.Warn("connections were cut at shutdown", "err", err)
			}
		})
	}
	ending.Wait()
	for _, p := range a.ports {
		p.Close() // closed already, but by a server that was stopped before it had begun
	}
	a.running.Wait()
	return a.store.Close()
}

// frugal makes the collector keep the heap near what is in use: at rest that is 3 of 64 MB, and a busy server pays some
// per cent of speed. Whoever sets GOGC or GOMEMLIMIT knows better.
func frugal() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(50)
	}
}

const (
	highPorts = 10000 // what --ports high adds: beyond the privileged ones, and easy to remember
	maxOffset = 50000 // of try: the highest port and one more step must stay below 65536
)

// commands is the command line; the texts are in internal/text.
type commands struct {
	Data     string       `help:"flag_data" placeholder:"word_file" type:"path"`
	Lang     string       `help:"flag_lang" placeholder:"word_lang"`
	LogLevel string       `help:"flag_log_level" enum:"debug,info,warn,error" default:"info"`
	Help     cli.HelpFlag `help:"flag_help" short:"h"`

	Serve serveCommand `cmd:"" help:"help_serve" default:"withargs"`
	Try   tryCommand   `cmd:"" help:"help_try"`
	admin.Commands
	HelpPage helpCommand `cmd:"" name:"help" help:"help_help"`
}

// run understands the command line, does what it says, and gives the exit status.
func run(ctx context.Context, c *cli.Console, outside func(*sending.Options)) int {
	var cmd commands
	call, err := c.Parse(&cmd, c.Args)
	if err != nil {
		return c.Report(err)
	}
	data, err := dataFile(cmd.Data)
	if err != nil {
		return c.Report(err)
	}
	lines := logring.New()
	log := slog.New(lines.Beside(c.Log(cmd.LogLevel).Handler()))
	o := options{data: data, log: log, lines: lines, limits: config.DefaultLimits(), outside: outside}
	o.clock = trust.NewClock(o.log)
	o.now = o.clock.Now
	desk := admin.NewDesk(c, o.data, admin.Doors{
		Store: func(ctx context.Context) (*store.Store, error) { return openFile(ctx, o) },
		Sending: func(ctx context.Context, st *store.Store) (*sending.Sending, error) {
			return openSending(ctx, st, o, nil)
		},
		Doctor: func(ctx context.Context, st *store.Store) (*doctor.Doctor, error) {
			s, err := openSending(ctx, st, o, nil)
			if err != nil {
				return nil, err
			}
			return openDoctor(st, s, o), nil
		},
		Name: serverName,
	})
	call.BindTo(ctx, (*context.Context)(nil))
	err = call.Run(o, desk)
	return c.Report(errors.Join(err, desk.Close()))
}

type serveCommand struct {
	Listen string `help:"flag_listen" placeholder:"word_address"`
	Ports  string `help:"flag_ports" enum:"standard,high" default:"standard"`
}

// Run is the appliance, until it is told to stop.
func (cmd *serveCommand) Run(ctx context.Context, c *cli.Console, o options) error {
	frugal()
	o.listen, o.cure = cmd.Listen, "--ports high"
	if os.Getenv(update.RehearsalEnv) != "" {
		o.listen, o.outside = "127.0.0.1", sending.Nowhere
	}
	o.port = func(standard int) int { return standard }
	if cmd.Ports == "high" {
		o.port, o.cure = func(standard int) int { return standard + highPorts }, ""
	}
	return serve(ctx, o, func(a *appliance) error { return a.announce(ctx, c) })
}

// serve is an appliance after the other on the same file, each but the first on one that took the place of it, until ctx is
// over.
func serve(ctx context.Context, o options, announce func(*appliance) error) error {
	o.sockets = new(listen.Sockets)
	for {
		a, err := startOnNewest(ctx, &o)
		if err != nil {
			return err
		}
		goOn := false
		if err = announce(a); err == nil {
			a.tellSystemd("READY=1")
			goOn, err = a.wait(ctx, announce)
		}
		if !goOn {
			return errors.Join(err, a.stop())
		}
		a.log.Info("beginning again on another file")
		a.tellSystemd("RELOADING=1")
		if err := a.end(); err != nil {
			return err
		}
	}
}

type tryCommand struct {
	PortOffset int `help:"flag_port_offset" default:"10000" placeholder:"word_number"`
}

// Run is an appliance to look at: in a folder of its own, which goes when it ends, and for this computer only.
func (cmd *tryCommand) Run(ctx context.Context, c *cli.Console, o options) error {
	if cmd.PortOffset < 1 || cmd.PortOffset > maxOffset {
		return cli.Misuse("usage_port_offset", "most", maxOffset)
	}
	frugal()
	o.outside = sending.Nowhere
	folder, err := os.MkdirTemp("", "buzon-try-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	o.data, o.listen = filepath.Join(folder, fileName), "127.0.0.1"
	o.cure = "--port-offset " + strconv.Itoa(cmd.PortOffset%maxOffset+highPorts)
	o.port = func(standard int) int { return standard + cmd.PortOffset }
	o.owned = true
	return serve(ctx, o, func(a *appliance) error {
		err := admin.Demo(ctx, c, a.store, o.now(), o.port)
		fmt.Fprintln(c.Out, "ready")
		return err
	})
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"arg_command"`
}

// Run shows the help page of a command.
func (cmd *helpCommand) Run(c *cli.Console) error {
	_, err := c.Parse(new(commands), append(cmd.Command, "--help"))
	return err
}
