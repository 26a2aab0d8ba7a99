package page

import (
	"strconv"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

func (p *Page) queueRoutes(m *routes) {
	m.get("/queue", admins, p.showQueue)
	m.live("/live/queue", admins, p.liveQueue)
	m.get("/queue/drop", admins, p.askDrop)
	m.post("/queue/change", admins, p.changeQueue)
}

// queueView is a page of the queue.
type queueView struct {
	From        int64 // the first envelope that may be in it
	Next        int64 // of the next page; 0: there is none
	Total, Held int64
	Jobs        []jobView
}

// jobView is one recipient of a message that waits.
type jobView struct {
	store.Job
	ID, From, Said string
	Size           int64
}

// queueRows is how many recipients a page shows before it ends with a message's last.
const queueRows = 50

func (p *Page) showQueue(r *request) (reply, error) {
	view, err := p.queueView(r)
	if err != nil {
		return nil, err
	}
	return r.render("queue", view)
}

func (p *Page) liveQueue(r *request, show send) error {
	return r.follow(show, "queue", "now", nil, func() (any, error) { return p.queueView(r) })
}

func (p *Page) queueView(r *request) (v queueView, err error) {
	if v.Total, v.Held, err = p.Store.QueueSize(r.Context()); err != nil {
		return v, err
	}
	v.From = r.number("from")
	list, err := p.Store.QueuePage(r.Context(), store.EnvelopeID(v.From))
	if err != nil {
		return v, err
	}
	for _, q := range list {
		if len(v.Jobs) >= queueRows {
			v.Next = int64(q.ID)
			return v, nil
		}
		for _, j := range q.Jobs {
			v.Jobs = append(v.Jobs, r.jobView(q.Envelope, j))
		}
		v.Next = int64(q.ID) + 1
	}
	rest, err := p.Store.QueuePage(r.Context(), store.EnvelopeID(v.Next))
	if len(rest) == 0 {
		v.Next = 0
	}
	return v, err
}

func (r *request) jobView(e store.Envelope, j store.Job) jobView {
	v := jobView{Job: j, ID: j.ID.String(), From: r.sender(e.From.String()), Size: e.Size}
	if j.Reply.Code != 0 || j.Reply.Text != "" {
		v.Said = clean(j.Reply.Error())
	}
	if v.Said != "" && j.Host != "" {
		v.Said = j.Host + ": " + v.Said
	}
	return v
}

// number is a number of the address, 0 where there is none.
func (r *request) number(name string) int64 {
	n, err := strconv.ParseInt(r.FormValue(name), 10, 40)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// chosen is which recipients a form is about: one, those of a domain, or all.
func (r *request) chosen() (store.Selection, error) {
	switch {
	case r.FormValue("all") != "":
		return store.Selection{All: true}, nil
	case r.FormValue("domain") != "":
		a, err := message.ParseAddress("postmaster@" + strings.TrimSpace(r.FormValue("domain")))
		if err != nil {
			return store.Selection{}, fail("page_error_domain")
		}
		return store.Selection{Domain: a.Domain}, nil
	}
	id, err := store.ParseJobID(r.FormValue("id"))
	if err != nil {
		return store.Selection{}, fail("page_queue_gone")
	}
	return store.Selection{IDs: []store.JobID{id}}, nil
}

// changeQueue does to recipients what the button says.
func (p *Page) changeQueue(r *request) (reply, error) {
	sel, err := r.chosen()
	if err != nil {
		return r.again("/queue", err)
	}
	change, said := p.Store.RetryJobs, "page_queue_retried"
	switch r.field("do") {
	case "hold":
		change, said = p.Store.HoldJobs, "page_queue_held"
	case "release":
		change, said = p.Store.ReleaseJobs, "page_queue_released"
	case "drop":
		change, said = p.Store.DropJobs, "page_queue_dropped"
	case "retry":
	default:
		return nil, fail("page_error_form")
	}
	n, err := change(r.Context(), sel)
	if err != nil {
		return nil, err
	}
	r.audit("queue-"+r.field("do"), "id", r.field("id"), "domain", sel.Domain, "all", sel.All, "count", n)
	if n == 0 {
		return r.again("/queue", fail("page_queue_gone"))
	}
	return r.back("/queue", said, "count", n), nil
}

// askDrop asks before mail goes for good.
func (p *Page) askDrop(r *request) (reply, error) {
	sel, err := r.chosen()
	if err != nil {
		return r.again("/queue", err)
	}
	q := question{
		Sentence: r.say("page_queue_drop_one"), Button: r.say("page_queue_drop"), Action: "/queue/change", Back: "/queue",
		Fields: [][2]string{{"do", "drop"}, {"id", r.FormValue("id")}, {"domain", sel.Domain}},
	}
	if sel.All {
		q.Sentence = r.say("page_queue_drop_all")
		q.Fields = append(q.Fields, [2]string{"all", "yes"})
	}
	return r.ask(q)
}
