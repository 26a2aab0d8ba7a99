package page

import (
	"context"
	"slices"
	"strings"

	"buzon/internal/store"
)

// The set-up: one step a page, each of which can be left and come back to. How far it came is in the file (store.NoteSetup),
// so that two people, a restart and another browser see the same.
const (
	stepClaim = "claim"
	stepYou   = "you"
	stepLine  = "line"
	stepDNS   = "dns"
	stepCert  = "certificate"
	stepMail  = "mail"
	stepPhone = "phone"
	stepDone  = "done"
)

// steps are in their order. Before the account there is nobody who could come back.
func steps() []string {
	return []string{stepClaim, stepYou, stepLine, stepDNS, stepCert, stepMail, stepPhone, stepDone}
}

// noteLater is the name of the note of the steps that were put off, in a row.
const noteLater = "setup.later"

func (p *Page) setupRoutes(m *routes) {
	m.get("/setup", unclaimed, p.showSetup)
	m.post("/setup", unclaimed, p.tryCode)
	m.get("/setup/you", unclaimed, p.showYou)
	m.post("/setup/you", unclaimed, p.takeYou)
	m.get("/setup/done", admins, p.showDone)
	m.post("/setup/next", admins, p.nextStep)
	for _, add := range []func(*routes){p.lineRoutes, p.dnsRoutes, p.certRoutes, p.mailTestRoutes, p.setupPhoneRoutes} {
		add(m)
	}
}

// setup is what every page of the set-up shows.
type setup struct {
	Step  string
	Steps []stepView
}

// stepView is one in the list of steps.
type stepView struct {
	Name, Path string // Path is "" where one cannot go now
	Title      string // key of a text
	Now, Past  bool
}

func stepPath(step string) string {
	if step == stepClaim {
		return "/setup"
	}
	return "/setup/" + step
}

// setupAt is what a page of the set-up has in common with the others.
func (r *request) setupAt(step string) (setup, error) {
	s := setup{Step: step}
	came, err := r.page.cameTo(r.Context())
	if err != nil {
		return s, err
	}
	begun := r.session != nil && !r.session.setup
	for i, name := range steps() {
		v := stepView{Name: name, Title: stepTitle(name), Now: name == step, Past: begun && i < came}
		if begun && i >= slices.Index(steps(), stepLine) {
			v.Path = stepPath(name)
		}
		s.Steps = append(s.Steps, v)
	}
	return s, nil
}

// stepTitle is the key of what a step is called.
func stepTitle(step string) string {
	return map[string]string{
		stepClaim: "page_setup_step_claim", stepYou: "page_setup_step_you", stepLine: "page_setup_step_line",
		stepDNS: "page_setup_step_dns", stepCert: "page_setup_step_certificate", stepMail: "page_setup_step_mail",
		stepPhone: "page_setup_step_phone", stepDone: "page_setup_step_done",
	}[step]
}

// cameTo is the place in steps of the furthest that somebody came to.
func (p *Page) cameTo(ctx context.Context) (int, error) {
	step, _, _, err := p.Store.Noted(ctx, store.NoteSetup)
	return max(slices.Index(steps(), step), slices.Index(steps(), stepLine)), err
}

// unfinished tells whether a set-up was begun on the page and not gone through. A box that was set up by commands needs none.
func (p *Page) unfinished(ctx context.Context) (bool, error) {
	step, _, found, err := p.Store.Noted(ctx, store.NoteSetup)
	return found && step != stepDone, err
}

// nextStep goes on from a step, or puts it off. Going back and on again takes nothing back.
func (p *Page) nextStep(r *request) (reply, error) {
	at := slices.Index(steps(), r.field("step"))
	if at < slices.Index(steps(), stepLine) || at+1 >= len(steps()) {
		return r.redirect("/setup"), nil
	}
	if err := p.putOff(r.Context(), steps()[at], r.field("later") != ""); err != nil {
		return nil, err
	}
	came, err := p.cameTo(r.Context())
	if err != nil {
		return nil, err
	}
	if at+1 > came {
		if err := p.Store.Note(r.Context(), store.NoteSetup, steps()[at+1]); err != nil {
			return nil, err
		}
	}
	return r.redirect(stepPath(steps()[at+1])), nil
}

// putOff keeps that a step is for later, or is not any more.
func (p *Page) putOff(ctx context.Context, step string, later bool) error {
	list, err := p.later(ctx)
	if err != nil || slices.Contains(list, step) == later {
		return err
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == step })
	if later {
		list = append(list, step)
	}
	return p.Store.Note(ctx, noteLater, strings.Join(list, " "))
}

// later are the steps that were put off.
func (p *Page) later(ctx context.Context) ([]string, error) {
	list, _, _, err := p.Store.Noted(ctx, noteLater)
	return strings.Fields(list), err
}

// doneData is the last page.
type doneData struct {
	setup
	Later []stepView
}

// showDone says what is left.
func (p *Page) showDone(r *request) (reply, error) {
	s, err := r.setupAt(stepDone)
	if err != nil {
		return nil, err
	}
	later, err := p.later(r.Context())
	if err != nil {
		return nil, err
	}
	d := doneData{setup: s}
	for _, v := range s.Steps {
		if slices.Contains(later, v.Name) {
			d.Later = append(d.Later, v)
		}
	}
	return r.render("setup_done", d)
}
