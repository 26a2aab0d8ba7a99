package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
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
	r.audit("update-upload")
	done := p.updating.run(p, updateTime, func(ctx context.Context, say func(update.Progress)) string {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(r.Context(), cancel)() // the browser went away
		return p.apply(ctx, r, file, false, say)
	})
	if !done {
		return r.again("/update", fail("page_update_busy"))
	}
	return r.redirect("/update"), nil
}
