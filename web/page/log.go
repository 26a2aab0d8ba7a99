package page

import (
	"log/slog"

	"buzon/internal/logring"
)

func (p *Page) logRoutes(m *routes) {
	m.get("/log", admins, p.showLog)
	m.live("/live/log", admins, p.liveLog)
}

// logShown is how many of the last lines are shown; more would be sent again with every line.
const logShown = 100

// logView is the last lines of the log, the latest first.
type logView struct{ Lines []lineView }

type lineView struct {
	logring.Line
	Class string
}

func (p *Page) showLog(r *request) (reply, error) { return r.render("log", p.logView()) }

func (p *Page) logView() (v logView) {
	if p.Lines == nil {
		return v
	}
	lines := p.Lines.Lines(logShown)
	for i := len(lines) - 1; i >= 0; i-- {
		v.Lines = append(v.Lines, lineView{lines[i], levelClass(lines[i].Level)})
	}
	return v
}

func levelClass(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "bad"
	case l >= slog.LevelWarn:
		return "warn"
	}
	return "soft"
}

// liveLog shows new lines as they come, not more than once a second.
func (p *Page) liveLog(r *request, show send) error {
	if p.Lines == nil {
		return nil
	}
	w := p.Lines.Watch()
	defer w.Stop()
	return r.follow(show, "log", "now", w.C, func() (any, error) { return p.logView(), nil })
}
