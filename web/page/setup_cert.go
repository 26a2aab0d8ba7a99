package page

import (
	"context"
	"slices"
	"strings"
	"time"

	"buzon/internal/acme"
	"buzon/internal/trust"
)

func (p *Page) certRoutes(m *routes) {
	m.get("/setup/certificate", admins, p.showCert)
	m.live("/live/setup/certificate", admins, p.liveCert)
	m.post("/setup/certificate/try", admins, p.tryCert)
}

// certData is the page; all but setup is live.
type certData struct {
	setup
	Light   string // class
	Now     string // what is shown, in a sentence
	Way     string // by which the authority looks
	Doing   string // what is going on; "" is nothing
	Left    []certProblem
	Todo    []acme.Todo
	Problem *certProblem
	Next    time.Time
	May     bool // there is something to try
}

// certProblem is why something failed, what to do, and what the other side said.
type certProblem struct {
	Names  string
	Why    string
	Detail string
	At     string // in words
}

func (p *Page) showCert(r *request) (reply, error) {
	d, err := p.certData(r)
	if err != nil {
		return nil, err
	}
	if d.setup, err = r.setupAt(stepCert); err != nil {
		return nil, err
	}
	return r.render("setup_certificate", d)
}

// liveCert looks every few seconds at what the manager keeps.
func (p *Page) liveCert(r *request, show send) error {
	return r.follow(show, "setup_certificate", "live_certificate", nil, func() (any, error) { return p.certData(r) })
}

func (p *Page) certData(r *request) (d certData, err error) {
	s, err := trust.Read(r.Context(), p.Store)
	if err != nil {
		return d, err
	}
	d.Light, d.Now = p.certNow(r, s)
	if d.May = certWanted(s); !d.May {
		return d, nil
	}
	d.Way = r.say(wayKey(s.Way, p.Store.Settings().DNSProvider))
	d.Left, d.Todo, d.Next = r.leftOut(s), s.State.Todo, s.State.Next
	if w := s.State.Problem; w != nil {
		d.Problem = &certProblem{Why: r.say(trust.Sentence(w.Code)), Detail: w.Detail, At: w.At.Local().Format("2006-01-02 15:04")}
	}
	if s.State.Attempt.IsZero() && d.Problem == nil && len(d.Left) == 0 {
		d.Doing = r.say("page_setup_cert_waits")
	}
	asked, err := p.certAsked(r.Context())
	if err == nil && asked.After(s.State.Asked) {
		d.Doing = r.say("page_setup_cert_trying")
	}
	return d, err
}

// certNow says which certificate is shown.
func (p *Page) certNow(r *request, s trust.Status) (class, sentence string) {
	switch {
	case s.FileError != nil:
		return "bad", r.say("cert_file_error", "err", s.FileError)
	case s.Origin == trust.FromFiles:
		return "good", r.say("page_setup_cert_files")
	case s.Origin == trust.FromAuthority && len(s.Shown) > 0 && s.Shown[0].Days(p.Now()) >= 0:
		return "good", r.say("page_setup_cert_trusted", "names", strings.Join(s.Shown[0].Names, ", "), "day", s.Shown[0].Until.Local().Format(time.DateOnly))
	case !s.Real:
		return "warn", r.say("cert_not_real")
	case s.Way == acme.Off:
		return "warn", r.say("cert_off")
	}
	return "warn", r.say("page_setup_cert_own")
}

// certWanted tells whether an authority is asked at all.
func certWanted(s trust.Status) bool {
	return s.Origin != trust.FromFiles && s.FileError == nil && s.Way != acme.Off && len(s.Wanted) > 0 && s.Real
}

// wayKey is the sentence on how the authority finds out that the names are ours.
func wayKey(way acme.Way, provider string) string {
	key, ok := map[acme.Way]string{
		acme.HTTP: "page_setup_cert_way_http", acme.TLSALPN: "page_setup_cert_way_tls", acme.DNS: "page_setup_cert_way_dns",
	}[way]
	switch {
	case ok:
		return key
	case provider != "none":
		return "page_setup_cert_way_all"
	}
	return "page_setup_cert_way_ports"
}

// leftOut are the names without a certificate. Those with the same reason share it.
func (r *request) leftOut(s trust.Status) (list []certProblem) {
	var codes []acme.Code
	for _, n := range s.State.Names {
		if n.Problem == nil {
			continue
		}
		i := slices.Index(codes, n.Problem.Code)
		if i < 0 {
			codes = append(codes, n.Problem.Code)
			list = append(list, certProblem{Names: n.Name, Why: r.say(trust.Sentence(n.Problem.Code)), Detail: n.Problem.Detail})
			continue
		}
		list[i].Names += ", " + n.Name
	}
	return list
}

// noteTried is the name of the note of when somebody last asked here to try.
const noteTried = "setup.cert-asked"

func (p *Page) certAsked(ctx context.Context) (time.Time, error) {
	text, _, found, err := p.Store.Noted(ctx, noteTried)
	if err != nil || !found {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err
}

// tryCert is `buzon cert renew`.
func (p *Page) tryCert(r *request) (reply, error) {
	s, err := trust.Read(r.Context(), p.Store)
	if err != nil {
		return nil, err
	}
	if !certWanted(s) {
		return r.again(stepPath(stepCert), fail("page_setup_cert_nothing"))
	}
	now := p.Now()
	if err := trust.Renew(r.Context(), p.Store, now); err != nil {
		return nil, err
	}
	if err := p.Store.Note(r.Context(), noteTried, now.Format(time.RFC3339Nano)); err != nil {
		return nil, err
	}
	r.audit("cert-renew")
	return r.redirect(stepPath(stepCert)), nil
}
