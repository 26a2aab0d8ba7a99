package page

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxLive   = 20               // live parts at once: a goroutine and a connection each
	liveTime  = 10 * time.Minute // then the browser asks again, and we look whether it may
	heartbeat = 20 * time.Second // a comment, so that nothing on the way thinks us dead
)

// liveCount is how many live parts there are.
type liveCount struct{ atomic.Int32 }

// send shows a template of a page in the place of what the live part showed.
type send func(page, template string, data any) error

// live registers a live part: server-sent events, each the HTML inside an element with data-live. h sends whenever there is
// news, and returns when there is no more, or when ctx of the request is over.
func (m *routes) live(path string, who access, h func(r *request, show send) error) {
	m.get(path, who, func(r *request) (reply, error) {
		p := r.page
		if p.live.Add(1) > maxLive {
			p.live.Add(-1)
			return r.status(http.StatusServiceUnavailable, "page_error_rate"), nil
		}
		return func(w http.ResponseWriter) error {
			defer p.live.Add(-1)
			return p.stream(w, r, h)
		}, nil
	})
}

// stream sends events until there are no more, the browser goes, or the page is closed.
func (p *Page) stream(w http.ResponseWriter, r *request, h func(r *request, show send) error) error {
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(p.deadline()); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	ctx, cancel := timeoutOf(r.Context(), p.ctx, liveTime)
	defer cancel()
	r.Request = r.WithContext(ctx)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	show := func(page, template string, data any) error {
		html, err := r.fragment(page, template, data)
		if err != nil {
			return err
		}
		return event(w, out, "", html)
	}
	if err := h(r, show); err != nil && ctx.Err() == nil {
		p.Log.Error("live part failed", "path", r.URL.Path, "err", err)
	}
	if p.ctx.Err() != nil || r.Context().Err() != nil {
		return nil // the browser comes again
	}
	return event(w, out, "end", "")
}

// deadline is when the connection of a live part ends whatever happens.
func (p *Page) deadline() time.Time { return time.Now().Add(liveTime + time.Minute) }

// event writes one event as HTML Living Standard §9.2 has it: every line of data by itself.
func event(w http.ResponseWriter, out *http.ResponseController, name, data string) error {
	var b strings.Builder
	if name != "" {
		fmt.Fprintf(&b, "event: %s\n", name)
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(data, "\r", ""), "\n") {
		fmt.Fprintf(&b, "data: %s\n", line)
	}
	b.WriteString("\n")
	if _, err := w.Write([]byte(b.String())); err != nil {
		return err
	}
	return out.Flush()
}
