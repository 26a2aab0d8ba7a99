package page

import "time"

// look is how often a live part looks whether there is news where nothing rings.
const look = 3 * time.Second

// follow shows a template of a page and again whenever it says something else. It looks every so often, and when bell rings,
// which may be nil; not more than once a second.
func (r *request) follow(show send, page, template string, bell <-chan struct{}, data func() (any, error)) error {
	shown := "\x00" // nothing is that
	for {
		now, err := data()
		if err != nil {
			return err
		}
		html, err := r.fragment(page, template, now)
		if err != nil {
			return err
		}
		if html != shown {
			if err := show(page, template, now); err != nil {
				return err
			}
			shown = html
		}
		if !r.pause(bell) {
			return nil
		}
	}
}

// pause waits for news; false says that nobody looks any more.
func (r *request) pause(bell <-chan struct{}) bool {
	every := look
	if bell != nil {
		every = heartbeat
	}
	news, least := time.NewTimer(every), time.NewTimer(time.Second)
	defer news.Stop()
	defer least.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-news.C:
	case <-bell:
	}
	select {
	case <-r.Context().Done():
		return false
	case <-least.C:
		return true
	}
}
