package doctor

import (
	"context"
	"errors"
	"sync"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/keyring"
	"buzon/internal/line"
	"buzon/internal/records"
	"buzon/internal/zone"
)

// exam is one examination: what several checks need is found out once.
type exam struct {
	*Doctor
	resolver dns.Resolver
	domains  []string
	ports    Ports
	line     *line.Line
	where    func() line.Where
	port25   func() port25
	hairpin  func() Finding
	facts    map[string]func() (zone.Facts, error) // by domain
}

type port25 struct{ open, known bool }

// newExam reads from the file what there is to examine. Questions that it asks later end with ctx.
func (d *Doctor) newExam(ctx context.Context) (*exam, error) {
	e := &exam{Doctor: d, resolver: d.freshResolver(), facts: map[string]func() (zone.Facts, error){}}
	domains, err := d.Store.Domains(ctx)
	if err != nil {
		return nil, err
	}
	for _, dom := range domains {
		e.domains = append(e.domains, dom.Name)
	}
	if e.ports, err = d.ports(ctx); err != nil {
		return nil, err
	}
	if e.line, err = e.newLine(ctx); err != nil {
		return nil, err
	}
	e.where = sync.OnceValue(func() line.Where {
		w := e.line.Find(ctx)
		d.remember(w)
		return w
	})
	e.port25 = sync.OnceValue(func() port25 {
		open, known := d.Sending.Sender.Port25(ctx)
		return port25{open, known}
	})
	e.hairpin = sync.OnceValue(func() Finding { return e.line.Hairpin(ctx) })
	for _, name := range e.domains {
		e.facts[name] = sync.OnceValues(func() (zone.Facts, error) {
			return records.Facts(ctx, d.Store, e.ring(), name, e.where().Public)
		})
	}
	return e, nil
}

// ring is the keys; what is looked up is not needed to read them.
func (d *Doctor) ring() keyring.Ring { return keyring.Ring{Store: d.Store, Now: d.Now} }

func (d *Doctor) freshResolver() dns.Resolver {
	if d.Resolver != nil {
		return d.Resolver()
	}
	return dns.NewClient(dns.Options{Now: d.Now, Settings: func() dns.Settings {
		s := d.Store.Settings()
		return dns.Settings{Server: s.Resolver, Trusted: s.TrustResolver}
	}})
}

// remember keeps where we are for Domain, which has no time to find it out.
func (d *Doctor) remember(w line.Where) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.where = w
}

// task is one check of one domain, or of the box.
type task struct {
	check
	domain string
}

// tasks are all that a table comes to, in its order.
func (e *exam) tasks(table []check) []task {
	var list []task
	for _, c := range table {
		if !c.domains {
			list = append(list, task{c, ""})
		}
	}
	for _, domain := range e.domains {
		for _, c := range table {
			if c.domains {
				list = append(list, task{c, domain})
			}
		}
	}
	return list
}

// examine makes the checks of a table, a few at a time.
func (d *Doctor) examine(ctx context.Context, table []check, tell func(Finding)) ([]Finding, error) {
	select {
	case d.busy <- struct{}{}:
		defer func() { <-d.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	within, cancel := context.WithTimeout(ctx, d.Whole)
	defer cancel()
	e, err := d.newExam(within)
	if err != nil {
		return nil, err
	}
	at := d.Now().UTC().Truncate(time.Second)
	tasks := e.tasks(table)
	found := make([]Finding, len(tasks))
	places := make(chan struct{}, d.AtOnce)
	var telling sync.Mutex
	var all sync.WaitGroup
	for i, t := range tasks {
		places <- struct{}{} // a check gives up by itself, so there is soon a place
		all.Go(func() {
			defer func() { <-places }()
			f := e.make(within, t)
			f.Check, f.Domain, f.At = t.name, t.domain, at
			found[i] = f
			if tell != nil {
				telling.Lock()
				defer telling.Unlock()
				tell(f)
			}
		})
	}
	all.Wait()
	return found, ctx.Err()
}

// make makes one check, and does not wait for one that hangs.
func (e *exam) make(ctx context.Context, t task) Finding {
	ctx, cancel := context.WithTimeout(ctx, e.Each)
	defer cancel()
	done := make(chan Finding, 1)
	go func() {
		f, err := t.run(ctx, e, t.domain)
		if err != nil {
			f = broken(err)
		}
		done <- f
	}()
	select {
	case f := <-done:
		return f
	case <-ctx.Done():
	}
	select {
	case f := <-done: // both at once
		return f
	default:
		return finding.NotKnown(finding.Say("doctor_no_time"), finding.Say("doctor_cure_again"))
	}
}

// broken is a check that could not be made.
func broken(err error) Finding {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, dns.ErrTemporary) {
		return finding.NotKnown(finding.Say("doctor_no_time"), finding.Say("doctor_cure_again"))
	}
	return finding.NotKnown(finding.Say("doctor_broken", "err", err.Error()), finding.Say("doctor_cure_log"))
}
