package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"buzon/internal/update"
)

func (p *Page) updateRoutes(m *routes) {
	m.get("/update", admins, p.showUpdate)
	m.live("/live/update", admins, p.liveUpdate)
	m.post("/update/fetch", admins, p.fetchUpdate)
	m.post("/upload/update", admins, p.uploadUpdate)
	m.get("/update/restart", admins, p.askRestart)
	m.post("/update/restart", admins, p.restart)
}

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
	v := updateView{Version: version(), Image: p.Place.Kind == update.Image, How: r.say(updateHow(p.Place.Kind)), Now: p.progress(r)}
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

// version is of this build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "?"
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

// updateTime is for fetching and writing an update over a slow line.
const updateTime = 3 * time.Hour

// apply puts an update in; the first process of the image looks whether it is one that we signed.
func (p *Page) apply(ctx context.Context, r *request, body io.Reader, force bool, say func(update.Progress)) string {
	err := p.Place.Client.Apply(ctx, body, force, say)
	if err == nil {
		return ""
	}
	p.Log.Warn("the update was not done", "err", err)
	return r.say(updateProblem(err))
}

// updateProblem is the key of the sentence about why an update was not done.
func updateProblem(err error) string {
	for _, known := range []struct {
		err error
		key string
	}{
		{update.ErrNotUpdate, "page_update_not_one"}, {update.ErrSignature, "page_update_signature"}, {update.ErrDamaged, "page_update_damaged"},
		{update.ErrBoard, "page_update_board"}, {update.ErrOlder, "page_update_older"}, {update.ErrTooLarge, "page_update_large"},
		{update.ErrNoRoom, "page_update_room"}, {update.ErrBusy, "page_update_busy"}, {update.ErrTrial, "page_update_trial"},
	} {
		if errors.Is(err, known.err) {
			return known.key
		}
	}
	return "page_update_failed"
}

// fetchUpdate gets an update from an address. Signed as it is, it may come over a line that nobody trusts.
func (p *Page) fetchUpdate(r *request) (reply, error) {
	from, err := url.Parse(r.field("url"))
	if err != nil || from.Scheme != "https" && from.Scheme != "http" || from.Host == "" || p.Place.Kind != update.Image {
		return r.again("/update", fail("page_error_update_url"))
	}
	force := r.field("force") == "yes"
	began := p.updating.start(p, updateTime, func(ctx context.Context, say func(update.Progress)) string {
		body, err := p.fetch(ctx, from.String())
		if err != nil {
			p.Log.Warn("the update could not be fetched", "err", err)
			return r.say("page_update_not_fetched")
		}
		defer body.Close()
		return p.apply(ctx, r, body, force, say)
	})
	if !began {
		return r.again("/update", fail("page_update_busy"))
	}
	r.audit("update", "url", from.Redacted())
	return r.redirect("/update"), nil
}

// fetch opens what is at an address.
func (p *Page) fetch(ctx context.Context, from string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	client := p.Fetcher
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, errors.New("the server said " + answer.Status)
	}
	return answer.Body, nil
}

// uploadUpdate takes an update as it comes. The request lasts until it is in; others see how far it is.
func (p *Page) uploadUpdate(r *request) (reply, error) {
	if p.Place.Kind != update.Image {
		return r.again("/update", fail("page_error_form"))
	}
	file, err := r.upload()
	if err != nil {
		return r.again("/update", err)
	}
	ended := make(chan string, 1)
	began := p.updating.start(p, updateTime, func(ctx context.Context, say func(update.Progress)) string {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(r.Context(), cancel)() // the browser went away
		problem := p.apply(ctx, r, file, false, say)
		ended <- problem
		return problem
	})
	if !began {
		return r.again("/update", fail("page_update_busy"))
	}
	r.audit("update-upload")
	<-ended // with the task, which ends with the page or after updateTime
	return r.redirect("/update"), nil
}

// askRestart asks before the machine goes down.
func (p *Page) askRestart(r *request) (reply, error) {
	if p.Place.Kind != update.Image {
		return r.redirect("/update"), nil
	}
	q := question{Sentence: r.say("page_restart_sure"), Button: r.say("page_restart"), Action: "/update/restart", Back: "/update"}
	if r.FormValue("off") != "" {
		q.Sentence, q.Button = r.say("page_off_sure"), r.say("page_off")
		q.Fields = [][2]string{{"off", "yes"}}
	}
	return r.ask(q)
}

func (p *Page) restart(r *request) (reply, error) {
	if p.Place.Kind != update.Image {
		return r.redirect("/update"), nil
	}
	do, said := update.DoReboot, "page_restarting"
	if r.field("off") != "" {
		do, said = update.DoPowerOff, "page_going_off"
	}
	r.audit(do)
	if err := p.Place.Client.Do(r.Context(), do); err != nil {
		return nil, err
	}
	return r.status(http.StatusOK, said), nil
}
