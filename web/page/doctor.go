package page

import (
	"context"
	"time"

	"buzon/internal/doctor"
	"buzon/internal/finding"
)

func (p *Page) doctorRoutes(m *routes) {
	m.get("/doctor", admins, p.showDoctor)
	m.live("/live/doctor", admins, p.liveDoctor)
	m.post("/doctor/run", admins, p.runDoctor)
}

// examTime is longer than an examination may last.
const examTime = 2 * time.Minute

// doctorView is an examination: the last that was kept, or the one that goes on.
type doctorView struct {
	Able     bool // there is a doctor
	Running  bool
	Examined time.Time
	Light    findingView
	Found    []findingView
	Problem  string
}

func (p *Page) showDoctor(r *request) (reply, error) {
	v, err := p.doctorView(r)
	if err != nil {
		return nil, err
	}
	return r.render("doctor", v)
}

func (p *Page) liveDoctor(r *request, show send) error {
	bell, stop := p.exam.watch()
	defer stop()
	return r.follow(show, "doctor", "now", bell, func() (any, error) { return p.doctorView(r) })
}

func (p *Page) doctorView(r *request) (v doctorView, err error) {
	state := p.exam.now()
	found := state.Said
	if !state.Running {
		if found, err = doctor.Kept(r.Context(), p.Store); err != nil {
			return v, err
		}
	}
	v = doctorView{Able: p.Doctor != nil, Running: state.Running, Problem: state.Problem}
	light := finding.Light(found)
	v.Light = findingView{Verdict: r.lightSentence(light), Class: verdictClass(light)}
	for _, f := range found {
		v.Examined = f.At
		v.Found = append(v.Found, r.findingView(f))
	}
	return v, nil
}

// runDoctor begins an examination, unless one goes on.
func (p *Page) runDoctor(r *request) (reply, error) {
	if p.Doctor == nil {
		return nil, fail("page_error_no_doctor")
	}
	began := p.exam.start(p, examTime, func(ctx context.Context, say func(finding.Finding)) string {
		if _, err := p.Doctor.Examine(ctx, say); err != nil {
			p.Log.Error("the examination failed", "err", err)
			return r.say("page_error_ours")
		}
		return ""
	})
	if began {
		r.audit("doctor")
	}
	return r.redirect("/doctor"), nil
}
