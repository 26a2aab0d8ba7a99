package page

import (
	"context"
	"sync"
	"time"

	"buzon/internal/doctor"
)

const (
	dnsTime  = time.Minute     // a look at all records of a domain
	dnsEvery = 5 * time.Second // while somebody looks on
)

// startRecords asks the DNS, unless it was asked a moment ago.
func (p *Page) startRecords(domain string) {
	look := p.wizard.dns.of(domain)
	if s := look.now(); p.Doctor == nil || s.Running || p.Now().Sub(s.Begun) < dnsEvery {
		return
	}
	look.start(p, dnsTime, func(ctx context.Context, say func(doctor.RecordState)) string {
		all, err := p.Doctor.Domain(ctx, domain, say)
		if err != nil {
			if p.ctx.Err() == nil {
				p.Log.Error("the look at the records failed", "domain", domain, "err", err)
			}
			return "failed"
		}
		look.keep(all)
		return ""
	})
}

// recordLook is the look at the records of a domain: the one that goes on, and the last whole one.
type recordLook struct {
	task[doctor.RecordState]
	kept sync.Mutex
	last []doctor.RecordState
}

func (l *recordLook) keep(all []doctor.RecordState) {
	l.kept.Lock()
	defer l.kept.Unlock()
	l.last = all
}

// seen is the last whole look.
func (l *recordLook) seen() []doctor.RecordState {
	l.kept.Lock()
	defer l.kept.Unlock()
	return l.last
}

// told is what is known: what this look said, then what the last did.
func (l *recordLook) told() []doctor.RecordState { return append(l.now().Said, l.seen()...) }

// recordLooks are those at each domain.
type recordLooks struct {
	mu  sync.Mutex
	all map[string]*recordLook
}

// of is the look at a domain, which is one of ours: there are no more than of them.
func (w *recordLooks) of(domain string) *recordLook {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[string]*recordLook{}
	}
	if w.all[domain] == nil {
		w.all[domain] = &recordLook{}
	}
	return w.all[domain]
}
