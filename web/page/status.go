package page

import (
	"context"
	"strings"
	"time"

	"buzon/internal/doctor"
	"buzon/internal/finding"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/trust"
	"buzon/internal/wear"
)

func (p *Page) statusRoutes(m *routes) {
	m.get("/status", admins, p.showStatus)
	m.live("/live/status", admins, p.liveStatus)
}

// lastShown is how many of the last deliveries each way the status shows.
const lastShown = 8

// status is how the box is.
type status struct {
	Light       findingView // of all
	Examined    time.Time   // zero: never
	Troubles    []findingView
	Way         string
	Queue, Held int64
	Paused      []store.PausedAccount
	Certificate string
	Accounts    int
	Mail        int64 // octets that people hold here
	Disk        *wear.Report
	In          []arrivalView
	Blocks      bool // no: they are for looking here
	Out         []handledView
}

// findingView is what the doctor found, in words.
type findingView struct {
	Check, Domain, Verdict, Class, Reason, Cure string
	Since                                       time.Time
	At                                          *item // the page on which it can be mended
}

func (r *request) findingView(f finding.Finding) findingView {
	return findingView{
		Check: doctor.Title(f.Check).In(r.words), Domain: f.Domain, Verdict: r.verdictWord(f.Verdict), Class: verdictClass(f.Verdict),
		Reason: f.Reason.In(r.words), Cure: f.Cure.In(r.words), Since: f.Since, At: cureAt(f),
	}
}

func (p *Page) showStatus(r *request) (reply, error) {
	s, err := p.status(r)
	if err != nil {
		return nil, err
	}
	return r.render("status", s)
}

// liveStatus looks every few seconds: all of it is read from the file's small tables and from memory.
func (p *Page) liveStatus(r *request, show send) error {
	return r.follow(show, "status", "now", nil, func() (any, error) { return p.status(r) })
}

func (p *Page) status(r *request) (s status, err error) {
	for _, read := range []func(*request, *status) error{
		p.readLight, p.readWay, p.readQueue, p.readCertificate, p.readMail, p.readDisk, p.readLast,
	} {
		if err := read(r, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// readLight is the last examination of the doctor: what is not well, the worst first.
func (p *Page) readLight(r *request, s *status) error {
	found, err := doctor.Kept(r.Context(), p.Store)
	if err != nil {
		return err
	}
	light := finding.Light(found)
	s.Light = findingView{Verdict: r.lightSentence(light), Class: verdictClass(light)}
	for _, v := range []finding.Verdict{finding.Fail, finding.Warn} {
		for _, f := range found {
			s.Examined = f.At
			if f.Verdict == v {
				s.Troubles = append(s.Troubles, r.findingView(f))
			}
		}
	}
	return nil
}

// readWay is the way out that the sending chose last.
func (p *Page) readWay(r *request, s *status) error {
	noted, _, found, err := p.Store.Noted(r.Context(), sending.NoteWay)
	if err != nil {
		return err
	}
	s.Way = r.say("page_way_unknown")
	if found {
		key, relay, _ := strings.Cut(noted, " ")
		s.Way = r.say(key, "relay", relay)
	}
	return nil
}

func (p *Page) readQueue(r *request, s *status) (err error) {
	if s.Queue, s.Held, err = p.Store.QueueSize(r.Context()); err != nil {
		return err
	}
	s.Paused, err = p.Store.PausedSending(r.Context())
	return err
}

func (p *Page) readCertificate(r *request, s *status) error {
	c, err := trust.Read(r.Context(), p.Store)
	if err != nil {
		return err
	}
	switch {
	case c.FileError != nil:
		s.Certificate = r.say("page_cert_file", "err", c.FileError)
	case len(c.Shown) == 0 || c.Origin == trust.SelfSigned:
		s.Certificate = r.say("page_cert_own")
	case c.Shown[0].Days(p.Now()) < 0:
		s.Certificate = r.say("page_cert_ended", "time", c.Shown[0].Until.Local().Format(time.DateOnly))
	default:
		s.Certificate = r.say("page_cert_until", "issuer", c.Shown[0].Issuer, "time", c.Shown[0].Until.Local().Format(time.DateOnly))
	}
	return nil
}

// readMail is what people hold here.
func (p *Page) readMail(r *request, s *status) error {
	accounts, err := p.Store.Accounts(r.Context())
	s.Accounts = len(accounts)
	for _, a := range accounts {
		s.Mail += a.Used
	}
	return err
}

func (p *Page) readDisk(r *request, s *status) error {
	if p.Wear == nil {
		return nil
	}
	report, err := p.Wear.Report(r.Context())
	s.Disk = &report
	return err
}

// readLast is what came and went last.
func (p *Page) readLast(r *request, s *status) (err error) {
	if p.Arrivals != nil {
		s.In = p.arrived(r, lastShown)
	}
	s.Out, err = p.handled(r.Context(), r, store.HistoryQuery{Max: lastShown})
	return err
}

// handledView is one line of what was sent.
type handledView struct {
	store.Handled
	From, Said string
	Bad        bool
}

func (p *Page) handled(ctx context.Context, r *request, q store.HistoryQuery) ([]handledView, error) {
	list, err := p.Store.History(ctx, q)
	views := make([]handledView, len(list))
	for i, h := range list {
		views[i] = handledView{h, r.sender(h.From.String()), r.fateSentence(h), badFate(h.Fate)}
	}
	return views, err
}
