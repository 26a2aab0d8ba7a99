package page

import (
	"context"
	"strings"
	"time"

	"buzon/internal/finding"
	"buzon/internal/outbound"
	"buzon/internal/sending"
)

// lineTime is longer than an examination of the line may take.
const lineTime = 2 * time.Minute

// lineRoutes are the look at the line, and the relay that it may ask for.
func (p *Page) lineRoutes(m *routes) {
	m.get("/setup/line", admins, p.showLine)
	m.post("/setup/line/look", admins, p.lookAtLine)
	m.live("/live/setup/line", admins, p.liveLine)
	m.post("/setup/relay", admins, p.setupRelay)
	m.post("/setup/relay/remove", admins, p.setupUnrelay)
	m.post("/setup/relay/test", admins, p.setupTestRelay)
	m.live("/live/setup/relay", admins, p.liveSetupTrial)
}

// wizard is what the set-up does at the moment, for all who look on.
type wizard struct {
	line task[finding.Finding]
	dns  recordLooks
	mail mailTest
}

// lineData is the page. Its live parts need what is before Relay, and Trial.
type lineData struct {
	setup
	Able   bool // somebody can look
	Busy   bool
	Begun  time.Time
	Found  []findingView
	Failed string
	Way    string // sentence: how mail leaves
	Class  string // of that
	Needed bool   // no mail can leave as things are

	Relay lineRelay
	Trial trialView
}

// showLine looks at the line by itself when nobody did since the start.
func (p *Page) showLine(r *request) (reply, error) {
	if p.wizard.line.now().Begun.IsZero() {
		p.startLook(r)
	}
	d, err := p.lineData(r)
	if err != nil {
		return nil, err
	}
	if d.setup, err = r.setupAt(stepLine); err != nil {
		return nil, err
	}
	if d.Relay, err = p.lineRelay(r); err != nil {
		return nil, err
	}
	d.Trial = p.trial(r)
	return r.render("setup_line", d)
}

func (p *Page) lineData(r *request) (lineData, error) {
	s := p.wizard.line.now()
	d := lineData{Able: p.Doctor != nil, Busy: s.Running, Begun: s.Begun, Failed: s.Problem}
	for _, f := range s.Said {
		d.Found = append(d.Found, r.findingView(f))
	}
	key, relay, err := p.way(r.Context())
	d.Needed = key == "way_none" || key == "way_relay_missing"
	d.Way, d.Class = r.say(key, "relay", relay), "good"
	switch {
	case d.Needed:
		d.Class = "bad"
	case strings.HasSuffix(key, "_unknown"):
		d.Class = "soft"
	}
	return d, err
}

// way is the key of the sentence how mail leaves, as the sending chose it last.
func (p *Page) way(ctx context.Context) (key, relay string, err error) {
	noted, _, found, err := p.Store.Noted(ctx, sending.NoteWay)
	if err != nil || !found {
		return "page_way_unknown", "", err
	}
	key, relay, _ = strings.Cut(noted, " ")
	return key, relay, nil
}

func (p *Page) startLook(r *request) {
	if p.Doctor == nil {
		return
	}
	failed := r.say("page_error_ours")
	p.wizard.line.start(p, lineTime, func(ctx context.Context, say func(finding.Finding)) string {
		if _, err := p.Doctor.Line(ctx, say); err != nil {
			p.Log.Error("the look at the line failed", "err", err)
			return failed
		}
		return ""
	})
}

// lookAtLine looks again.
func (p *Page) lookAtLine(r *request) (reply, error) {
	p.startLook(r)
	return r.redirect(stepPath(stepLine)), nil
}

func (p *Page) liveLine(r *request, show send) error {
	bell, stop := p.wizard.line.watch()
	defer stop()
	return r.follow(show, "setup_line", "live_line", bell, func() (any, error) { return p.lineData(r) })
}

// presetView is a provider of relays that is known.
type presetView struct{ Name, Title, Hint, Page string }

func (r *request) presets() (list []presetView) {
	for _, preset := range outbound.Presets() {
		v := presetView{Name: preset.Name, Title: preset.Title, Page: preset.Page}
		if preset.Hint != "" {
			v.Hint = r.say(preset.Hint, "provider", preset.Title)
		}
		list = append(list, v)
	}
	return list
}
