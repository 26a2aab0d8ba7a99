package page

import (
	"errors"
	"time"

	"buzon/internal/arrivals"
	"buzon/internal/store"
)

func (p *Page) mailRoutes(m *routes) {
	m.get("/mail", admins, p.showIn)
	m.live("/live/mail", admins, p.liveIn)
	m.get("/mail/out", admins, p.showOut)
	m.get("/mail/refused", admins, p.showRefused)
	m.post("/mail/rule", admins, p.ruleFromMail)
	m.post("/mail/block", admins, p.blockDomain)
}

// mailRows is how many lines of mail a page shows.
const mailRows = 50

// mailView is what came, or what was sent.
type mailView struct {
	In     []arrivalView
	Blocks bool // with a button for that
	Out    []handledView
	More   string // of the next page's address; "": there is none
}

// showIn is what came since the start.
func (p *Page) showIn(r *request) (reply, error) { return r.render("mail_in", p.inView(r)) }

func (p *Page) inView(r *request) (v mailView) {
	if p.Arrivals != nil {
		v.In, v.Blocks = p.arrived(r, mailRows), true
	}
	return v
}

func (p *Page) liveIn(r *request, show send) error {
	return r.follow(show, "mail_in", "in", nil, func() (any, error) { return p.inView(r), nil })
}

// arrivalView is one message that came, in words.
type arrivalView struct {
	arrivals.Arrival
	Why string
}

// arrived is what came last, at most n.
func (p *Page) arrived(r *request, n int) (views []arrivalView) {
	for _, a := range p.Arrivals.Last(n) {
		views = append(views, arrivalView{a, r.cause(a)})
	}
	return views
}

// showOut is what was sent in 30 days.
func (p *Page) showOut(r *request) (reply, error) {
	list, err := p.handled(r.Context(), r, store.HistoryQuery{BeforeID: r.number("before"), Max: mailRows})
	if err != nil {
		return nil, err
	}
	v := mailView{Out: list}
	if len(list) == mailRows {
		v.More = cursor("/mail/out", list[len(list)-1].ID, time.Time{})
	}
	return r.render("mail_out", v)
}

// refusedView is a page of what was not taken.
type refusedView struct {
	List []refusalView
	More string
}

// refusalView is one of them, with what one can do.
type refusalView struct {
	store.Refusal
	Why, Server string
}

func (p *Page) showRefused(r *request) (reply, error) {
	after := store.Refusal{ID: r.number("before"), At: time.Unix(r.number("at"), 0)}
	list, err := p.Store.RefusalsPage(r.Context(), after, mailRows)
	if err != nil {
		return nil, err
	}
	v := refusedView{List: make([]refusalView, len(list))}
	for i, one := range list {
		v.List[i] = refusalView{one, r.refusedWhy(one.Reason), one.Client}
		if one.Host != "" {
			v.List[i].Server = one.Host + " [" + one.Client + "]"
		}
	}
	if len(list) == mailRows {
		last := list[len(list)-1]
		v.More = cursor("/mail/refused", last.ID, last.At)
	}
	return r.render("mail_refused", v)
}

// ruleFromMail lets in or keeps out who stands on a page of mail: a sender, or with the field server the server.
func (p *Page) ruleFromMail(r *request) (reply, error) {
	refused, err := p.Store.Refusal(r.Context(), r.number("id"))
	if errors.Is(err, store.ErrNoRefusal) {
		return r.again("/mail/refused", fail("page_error_gone"))
	}
	if err != nil {
		return nil, err
	}
	rule := store.Rule{Allow: r.field("do") == "allow", Kind: store.RuleAddress, Value: refused.Sender}
	if r.field("server") != "" || refused.Sender == "" {
		rule.Kind, rule.Value = store.RuleNetwork, refused.Client
	}
	return p.addRule(r, rule, "/mail/refused")
}

// blockDomain keeps the domain of a sender out whose mail came.
func (p *Page) blockDomain(r *request) (reply, error) {
	return p.addRule(r, store.Rule{Kind: store.RuleDomain, Value: r.field("domain")}, "/mail")
}
