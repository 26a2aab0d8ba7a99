// Package main is Buzon, a mail appliance: one program and one file. Read from top to bottom this file is the
// architecture: the commands, what an appliance is made of, which service listens where, how it starts and how it stops.
//
// The root holds the appliance's decisions (smtp.go, pop3.go, imap.go, store.go); internal/ holds mechanisms that do not
// know each other.
//
// A box begins without an owner: the page alone is open then, to the home network, for who has the code that claim shows on
// the console, and mdns tells where it is. With the first domain the ports of mail open. The page (web/page) is where the
// owner sets the box up and where people look after their own account; it does what the commands do, by the same functions.
// A restored file ends the appliance, and serve begins another one on it.
//
// The life of a received message: a listener of listen takes the connection, limit gives it a place, gate looks who comes,
// smtp.go hears MAIL and RCPT and asks the store who that is, spool checks the body and makes it seekable, judge decides with
// verdict (who wrote it) and the account's own filter (junk), onward plans copies and forwards, store.Accept writes body,
// rows and quota in one transaction that is on disk before the 250, and rings the bells on which IMAP's IDLE waits. POP3 and
// IMAP read the octets through store.Body.
//
// The life of a submitted message: the same way after log-in at login.Door, without the judge; onward looks whose name it
// bears and signs it, and the same transaction queues what goes elsewhere. queue claims what is due, outbound opens a
// connection as safe as the domain asks for, smtpclient speaks, store.Settle keeps what became of it and the report.
package main

import (
	"cmp"
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
	"strconv"
	"sync"
	"syscall"
	"time"

	"buzon/internal/acme"
	"buzon/internal/admin"
	"buzon/internal/arrivals"
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
	"buzon/internal/roster"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/trust"
	"buzon/internal/update"
	"buzon/internal/wear"
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
	owner   *claim.Owner
	claim   *claim.Claim // nil where the box had an owner when it was started
	conns   *limit.Conns // the servers put their listeners behind it, with a refusal in their own protocol
	now     func() time.Time
	data    string // the file
	dataDir string // its folder; what is too big for memory is spooled there

	// What the page shows of us that the file does not hold.
	lines    *logring.Ring // of the log
	roster   *roster.Roster
	arrivals *arrivals.Log
	wear     *wear.Keeper

	ports *listen.Ports

	changed       chan struct{} // a bell: there is something new to announce
	restart       chan struct{} // a bell: another file waits to take the place of ours
	endBackground context.CancelFunc
	opening       sync.WaitGroup // what may open ports
	running       sync.WaitGroup
}

// services are the ports of a mail server (RFC 8314 §7, RFC 6409), and 2525 for networks that block 587.
func (a *appliance) services() []listen.Service {
	receive, submit, pop3, imap, front := newSMTP(a, receive), newSMTP(a, submit), newPOP3(a), newIMAP(a), a.front()
	return []listen.Service{
		{Name: "smtp", Standard: 25, Server: receive, Purpose: "serve_receive"},
		{Name: "smtps", Standard: 465, ImplicitTLS: true, Server: submit, Purpose: "serve_submit"},
		{Name: "submission", Standard: 587, Server: submit, Purpose: "serve_submit"},
		{Name: "submission-alt", Standard: 2525, Server: submit, Purpose: "serve_submit"},
		{Name: "pop3", Standard: 110, Server: pop3, Purpose: "serve_pop3"},
		{Name: "pop3s", Standard: 995, ImplicitTLS: true, Server: pop3, Purpose: "serve_pop3"},
		{Name: "imap", Standard: 143, Server: imap, Purpose: "serve_imap"},
		{Name: "imaps", Standard: 993, ImplicitTLS: true, Server: imap, Purpose: "serve_imap"},
		{Name: "https", Standard: 443, ImplicitTLS: true, Server: front.HTTPS(), Purpose: "serve_https"},
		{Name: "http", Standard: 80, Server: front.HTTP(), Purpose: "serve_http"},
	}
}

// front is what other mail servers, mail programs and people fetch. Those who cannot be told that there are too many
// connections are just not heard.
func (a *appliance) front() web.Front {
	return web.Front{
		Around: func(next http.Handler) http.Handler { return claim.Guard(a.metrics.Before(next, a.log), a.claimed) },
		Site: &web.Site{
			Ours:   a.store.IsLocalDomain,
			Policy: func(domain string) string { return zone.Policy(a.nameFor(domain), a.certs.Trusted(a.name())) },
			Host:   a.nameFor,
			Port:   zone.Port,
			Now:    a.now,
			Log:    a.log,
		},
		Phones:     a.links.Before,
		Page:       a.page.Handler,
		Challenges: &a.trust.Answers,
		TLS:        a.certs.TLSConfig("h2", "http/1.1", acme.ALPN),
		Wrap:       func(l net.Listener) net.Listener { return limit.Listener(l, a.conns, nil) },
		Log:        a.log,
	}
}

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
	background, end := context.WithCancel(context.Background())
	a.endBackground = end
	for _, work := range []func(context.Context){
		a.careNightly, a.sending.Run, a.trust.Run, a.gate.Run, a.door.Keep, a.doctor.Run, a.wear.Run, a.publish.Keep,
	} {
		a.running.Go(func() { work(background) })
	}
	a.running.Go(func() { footprint.KeepTrimmed(background, a.log) })
	a.running.Go(func() { a.names.Run(background, a.ports.At("http").Port()) })
	a.running.Go(func() { a.awaitFile(background, o.look) })
	a.opening.Go(func() { a.awaitOwner(background, o) })
	return a, nil
}

// openFirst opens all ports, or those of the page alone while the box has no owner: he becomes it there.
func (a *appliance) openFirst(ctx context.Context, o options) (err error) {
	a.ports, err = listen.NewPorts(listen.Options{
		Sockets: cmp.Or(o.sockets, new(listen.Sockets)), Addr: o.listen, Table: a.services(), Port: o.port,
		First: func(s listen.Service) bool { return s.Name == "http" || s.Name == "https" || a.claimed() },
		Count: a.metrics.Listener, Log: a.log,
	})
	if err == nil {
		err = a.ports.OpenFirst(ctx)
	}
	if err != nil {
		return cli.PortProblem(err, o.cure)
	}
	a.doctor.KeepPorts(ctx, a.ports.Addresses())
	return nil
}

// awaitOwner opens the ports of mail once the box has an owner, whether he came by the page or by the command line.
func (a *appliance) awaitOwner(ctx context.Context, o options) {
	if a.claim == nil {
		return
	}
	if err := a.ports.OpenRest(ctx, a.owner.Await); err != nil {
		if ctx.Err() == nil {
			a.ports.Fail(cli.PortProblem(err, o.cure))
		}
		return
	}
	a.doctor.KeepPorts(ctx, a.ports.Addresses())
	a.log.Info("the box has an owner", "ports", len(a.ports.Listening()))
	a.claim.Done() // which announces
}

// ring rings a bell.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default: // already rung
	}
}

// wait lasts until ctx is over, a port is given up, or another file is to take the place of ours: then it is to go on with
// that one. Where there is something new, announce says so.
func (a *appliance) wait(ctx context.Context, announce func(*appliance) error) (goOn bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case err := <-a.ports.Failed():
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
	err := admin.Announce(ctx, c, a.store, admin.Announcement{
		Code: a.claim.Code(), CodeFile: filepath.Join(a.dataDir, claim.FileName), Local: a.names.Name(), Page: a.ports.At("http"),
		Ports: a.ports.Listening(), Data: a.data,
	})
	if err != nil { // we serve all the same
		a.log.Warn("could not print what listens where", "err", err)
	}
	fmt.Fprintln(c.Out, "ready")
	return nil
}

// stop ends the appliance for good.
func (a *appliance) stop() error {
	a.log.Info("stopping")
	listen.Tell("STOPPING=1", a.log)
	return a.end()
}

// end lets commands in flight end, then closes the file.
func (a *appliance) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), a.limits.ShutdownGrace)
	defer cancel()
	a.endBackground()
	a.page.Close()   // whose live parts would keep their connections
	a.opening.Wait() // there is no new port from here on
	a.ports.Shutdown(ctx)
	a.running.Wait()
	return a.store.Close()
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
		Doctor: func(st *store.Store, s *sending.Sending) *doctor.Doctor { return openDoctor(st, s, o) },
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
	footprint.Frugal()
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
		a, err := startOnNewest(ctx, o)
		if err != nil {
			return err
		}
		goOn := false
		if err = announce(a); err == nil {
			listen.Tell("READY=1", o.log)
			goOn, err = a.wait(ctx, announce)
		}
		if !goOn {
			return errors.Join(err, a.stop())
		}
		a.log.Info("beginning again on another file")
		listen.Tell("RELOADING=1", o.log)
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
	footprint.Frugal()
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
