package page

import (
	"buzon/internal/update"
)

// updateView is which version runs, and how another comes.
type updateView struct {
	Version string
	How     string // for what is no image of ours
	Image   bool
	Machine *update.Status // nil: not known
	Last    string         // what became of the last update
	Problem string
	Now     progressView
}

// progressView is how far an update is.
type progressView struct {
	Running bool
	Said    string
	Problem string
}

func (p *Page) showUpdate(r *request) (reply, error) {
	v := updateView{Version: p.Version, Image: p.Place.Kind == update.Image, How: r.say(updateHow(p.Place.Kind)), Now: p.progress(r)}
	if v.Image {
		s, err := p.Place.Client.Status(r.Context())
		if err != nil {
			p.Log.Warn("the machine does not answer", "err", err)
			v.Problem = r.say("page_update_silent")
		} else {
			v.Machine, v.Last = &s, r.lastUpdate(s.Last)
		}
	}
	return r.render("update", v)
}

// lastUpdate is what became of the last update, "" where there was none.
func (r *request) lastUpdate(o *update.Outcome) string {
	if o == nil {
		return ""
	}
	key, known := map[string]string{
		update.OutcomeWritten: "update_last_written", update.OutcomeTrial: "update_last_trial",
		update.OutcomeConfirmed: "update_last_confirmed", update.OutcomeBack: "update_last_back",
	}[o.Result]
	if !known {
		return o.Result
	}
	return r.say(key, "version", o.Version, "from", o.From, "time", o.At.Local().Format("2006-01-02 15:04"))
}

// updateHow is the key of the sentence that says who brings the next version.
func updateHow(k update.Kind) string {
	return map[update.Kind]string{
		update.Image: "page_update_image", update.Debian: "update_by_debian", update.OpenWrt: "update_by_openwrt",
		update.Container: "update_by_container", update.Static: "update_by_static", "": "update_by_static",
	}[k]
}

func (p *Page) progress(r *request) progressView {
	state := p.updating.now()
	v := progressView{Running: state.Running, Problem: state.Problem}
	if n := len(state.Said); n > 0 {
		last := state.Said[n-1]
		key := map[string]string{
			update.StepWriting: "update_writing", update.StepChecking: "update_checking", update.StepRestarting: "update_restarting",
		}[last.Step]
		v.Said = r.say(key, "version", last.Version, "size", octets(last.Total))
		if last.Total > 0 && last.Step != update.StepRestarting {
			v.Said += " " + itoa(100*last.Octets/last.Total) + " %"
		}
	}
	return v
}

func (p *Page) liveUpdate(r *request, show send) error {
	bell, stop := p.updating.watch()
	defer stop()
	return r.follow(show, "update", "now", bell, func() (any, error) { return updateView{Now: p.progress(r)}, nil })
}
