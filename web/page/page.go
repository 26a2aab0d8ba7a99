// Package page is the one small page on which an owner sets the box up and sees how it is, and on which people look after
// their own account. It is made on the server: HTML that works without JavaScript, with a keyboard and on a phone of 320
// pixels, in the languages of package text. JavaScript is one file for what helps: live parts, copying, a password's strength.
//
// Rules: every change is what a command does, by the same functions of the store. A form is answered with a redirect, so that
// going back and loading again repeat nothing. No mail content is shown. Who may see what is said where a page is registered
// (see access); guard.go has what stands before every page: names of the host, the origin of forms, addresses, rates.
package page

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"buzon/internal/arrivals"
	"buzon/internal/claim"
	"buzon/internal/doctor"
	"buzon/internal/finding"
	"buzon/internal/keyring"
	"buzon/internal/login"
	"buzon/internal/logring"
	"buzon/internal/phone"
	"buzon/internal/publish"
	"buzon/internal/roster"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/update"
	"buzon/internal/wear"
)

//go:embed templates/*.html static/*
var files embed.FS

// Options are what the page works with. Fields that are nil hide what needs them.
type Options struct {
	Store   *store.Store
	Door    *login.Door
	Claimed func() bool                // there is a domain, and so an owner
	Home    func(netip.Addr) bool      // clients of our own network
	Name    func() string              // of the server
	NameFor func(domain string) string // under which programs of a domain find it
	Local   func() string              // the name by mDNS, such as "buzon.local"; "" is none
	Trusted func() bool                // the world believes our certificate for Name
	Reaches func() bool                // our own public name can be reached from inside the home (no hairpin problem)
	Log     *slog.Logger
	Now     func() time.Time

	Claim *claim.Claim // the code of a box without an owner
	Keys  keyring.Ring // DKIM

	Publish *publish.Desk // writes records where the DNS of a domain is kept

	Data     string           // path of the one file
	Doctor   *doctor.Doctor   // who examines
	Sending  *sending.Sending // by which relays are tested
	Links    *phone.Links     // one-time links for phones
	Lines    *logring.Ring    // the last lines of the log
	Roster   *roster.Roster   // who is logged in
	Arrivals *arrivals.Log    // what came lately
	Wear     *wear.Keeper     // of the disk
	Place    update.Place     // who brings new versions
	Version  string           // of this program
	Fetcher  *http.Client     // of updates; nil: http.DefaultClient
}

// Page serves it. Close ends what lasts.
type Page struct {
	Options
	sessions sessions
	rates    rates
	views    views
	live     liveCount
	wizard   wizard
	keys     keys

	exam      task[finding.Finding]
	trying    task[trialStep]
	updating  task[update.Progress]
	training  atomic.Bool // a filter learns
	copying   atomic.Bool // a backup is fetched or sent
	restoring sync.Mutex  // of restore
	restore   stagedFile  // waits for a yes

	ctx     context.Context // over when the page is closed
	end     context.CancelFunc
	closing sync.Mutex     // of what begins, and the end
	running sync.WaitGroup // tasks
}

// New makes the page.
func New(o Options) *Page {
	ctx, end := context.WithCancel(context.Background())
	p := &Page{Options: o, ctx: ctx, end: end}
	p.sessions.now, p.rates.now = o.Now, o.Now
	return p
}

// Close ends live parts, which would last for ever, and what goes on in the background.
func (p *Page) Close() {
	p.closing.Lock()
	p.end()
	p.closing.Unlock()
	p.running.Wait()
	p.views.forget()
}

// Handler serves the page; secure says that TLS is around it.
func (p *Page) Handler(secure bool) http.Handler {
	m := &routes{page: p, secure: secure, mux: http.NewServeMux()}
	p.staticRoutes(m)
	p.loginRoutes(m)
	p.keys.routes(p, m)
	m.get("/{$}", everybody, p.showStart)
	for _, add := range p.areas() {
		add(m)
	}
	m.mux.HandleFunc("/", m.notFound)
	return p.guard(secure, m.mux)
}

// areas are the parts of the page, each in a file of its own.
func (p *Page) areas() []func(*routes) {
	return []func(*routes){
		p.setupRoutes, p.statusRoutes, p.queueRoutes, p.mailRoutes, p.peopleRoutes, p.domainRoutes, p.flowRoutes, p.doctorRoutes,
		p.settingsRoutes, p.backupRoutes, p.updateRoutes, p.logRoutes, p.meRoutes,
	}
}

// showStart leads to where one begins: setting up, logging in, the state of the box, or the own account.
func (p *Page) showStart(r *request) (reply, error) {
	switch {
	case !p.Claimed():
		return r.redirect("/setup"), nil
	case r.session == nil:
		return r.redirect("/login"), nil
	case r.account.Admin:
		if going, err := p.unfinished(r.Context()); err != nil || going {
			return r.redirect("/setup"), err
		}
		return r.redirect("/status"), nil
	}
	return r.redirect("/me"), nil
}

// access says who may come to a page.
type access int

const (
	everybody access = iota
	unclaimed        // whoever holds the claim code: the page must ask for it
	people           // who has logged in
	admins           // who has logged in, is an admin, and is at home, unless the setting page.anywhere says otherwise
)

// handler is one page or one form. Its error is a *problem for the person, or anything else for the log.
type handler func(r *request) (reply, error)

// reply writes an answer.
type reply func(w http.ResponseWriter) error

// routes registers pages.
type routes struct {
	page   *Page
	secure bool
	mux    *http.ServeMux
}

// get registers a page: GET and HEAD.
func (m *routes) get(path string, who access, h handler) { m.mux.Handle("GET "+path, m.serve(who, h)) }

// post registers what a form does. The token of the session is checked before h; limits of the body are maxForm.
func (m *routes) post(path string, who access, h handler) {
	m.mux.Handle("POST "+path, m.serve(who, h))
}

func (m *routes) serve(who access, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := m.page.newRequest(w, hr, m.secure)
		answer, err := r.admit(who)
		if err == nil && answer == nil {
			answer, err = h(r)
		}
		if err != nil {
			answer = r.apologise(err)
		}
		if err := answer(w); err != nil && !errors.Is(err, context.Canceled) {
			m.page.Log.Debug("page not fetched to its end", "path", hr.URL.Path, "err", err)
		}
	})
}

func (m *routes) notFound(w http.ResponseWriter, hr *http.Request) {
	r := m.page.newRequest(w, hr, m.secure)
	if err := r.status(http.StatusNotFound, "page_error_not_found")(w); err != nil {
		m.page.Log.Debug("page not fetched to its end", "path", hr.URL.Path, "err", err)
	}
}
