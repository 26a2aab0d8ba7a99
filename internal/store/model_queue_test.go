package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"buzon/internal/message"
)

// modelQueue is the queue as plainly as can be.
type modelQueue struct {
	envelopes EnvelopeID // given so far
	texts     map[EnvelopeID]string
	jobs      map[JobID]*modelJob
	domains   map[string]*modelDomain
	ended     int64
}

type modelJob struct {
	to       message.Address
	attempts int
	next     int64
	held     bool
}

type modelDomain struct {
	failures int
	next     int64
}

func newModelQueue() *modelQueue {
	return &modelQueue{texts: map[EnvelopeID]string{}, jobs: map[JobID]*modelJob{}, domains: map[string]*modelDomain{}}
}

// due is when a job is, as everybody sees it.
func (q *modelQueue) due(j *modelJob) int64 { return max(j.next, q.domains[j.to.Domain].next) }

// firstDue is when the first job of a domain is due, 0 when none waits.
func (q *modelQueue) firstDue(domain string) (first int64) {
	for _, j := range q.jobs {
		if due := q.due(j); j.to.Domain == domain && !j.held && (first == 0 || due < first) {
			first = due
		}
	}
	return first
}

// outgoing makes envelopes for a message, in the model too.
func (m *model) outgoing(text string) (list []Outgoing) {
	for range 1 + m.rnd.IntN(2) {
		o := Outgoing{From: message.Address{Local: "me", Domain: "example.test"}}
		if m.rnd.IntN(2) == 0 {
			o.Prefix = []byte("DKIM-Signature: x\r\n")
		}
		m.queue.envelopes++
		m.queue.texts[m.queue.envelopes] = string(o.Prefix) + text
		for i := range 1 + m.rnd.IntN(5) {
			a := message.Address{Local: fmt.Sprint("r", i), Domain: fmt.Sprintf("d%d.test", m.rnd.IntN(4))}
			o.To = append(o.To, Recipient{Address: a})
			m.queue.jobs[firstJob(m.queue.envelopes)+JobID(i)] = &modelJob{to: a, next: m.now.now().Unix()}
			if m.queue.domains[a.Domain] == nil {
				m.queue.domains[a.Domain] = &modelDomain{}
			}
		}
		list = append(list, o)
	}
	return list
}

func (m *model) queueStep() string {
	domain := fmt.Sprintf("d%d.test", m.rnd.IntN(4))
	d, known := m.queue.domains[domain]
	switch m.rnd.IntN(9) {
	case 0, 1:
		return m.claim()
	case 2, 3:
		return m.settle()
	case 4:
		return m.change()
	case 5:
		if known {
			next := m.now.now().Add(time.Duration(m.rnd.IntN(2000)) * time.Second)
			d.failures, d.next = d.failures+1, next.Unix()
			check(m.t, m.s.DeferDomain(m.t.Context(), domain, next, down, "mx"))
		}
		return "defer " + domain
	case 6:
		if known && d.failures > 0 {
			*d = modelDomain{}
		}
		check(m.t, m.s.DomainReached(m.t.Context(), domain))
		return "reached " + domain
	}
	m.now.pass(time.Duration(m.rnd.IntN(1000)) * time.Second)
	return "time passes"
}

func (m *model) claim() string {
	now, most := m.now.now().Unix(), 1+m.rnd.IntN(6)
	busy := map[string]bool{}
	if m.rnd.IntN(3) == 0 {
		busy["d1.test"], busy["d2.test"] = true, true
	}
	first := int64(0)
	for domain := range m.queue.domains {
		if due := m.queue.firstDue(domain); due != 0 && due <= now && !busy[domain] && (first == 0 || due < first) {
			first = due
		}
	}
	b, ok, err := m.s.Claim(m.t.Context(), m.now.now(), func(d string) bool { return busy[d] }, most, everyHour)
	check(m.t, err)
	if ok != (first != 0) || ok && (busy[b.Domain] || m.queue.firstDue(b.Domain) != first) {
		m.t.Fatalf("claimed for %q, %v; the first is due at %d", b.Domain, ok, first)
	}
	var got []JobID
	for _, q := range b.Queued {
		for _, j := range q.Jobs {
			got = append(got, j.ID)
		}
	}
	want := m.queue.claimed(b.Domain, now, most)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.t.Fatalf("claimed %v, want %v", got, want)
	}
	for _, id := range got {
		j := m.queue.jobs[id]
		j.attempts++
		j.next = now + int64(everyHour(j.attempts)/time.Second)
	}
	return "claim"
}

// claimed is what a claim for a domain takes: what is due for longest, and of
// the last envelope all or, if there are others, nothing.
func (q *modelQueue) claimed(domain string, now int64, most int) []JobID {
	var due []JobID
	for id, j := range q.jobs {
		if j.to.Domain == domain && !j.held && j.next <= now {
			due = append(due, id)
		}
	}
	slices.SortFunc(due, func(a, b JobID) int { return cmp.Or(cmp.Compare(q.jobs[a].next, q.jobs[b].next), cmp.Compare(a, b)) })
	if len(due) <= most {
		return due
	}
	cut := due[:most]
	for len(cut) > 0 && cut[len(cut)-1].Envelope() == due[most].Envelope() {
		cut = cut[:len(cut)-1]
	}
	if len(cut) > 0 {
		return cut
	}
	for len(cut) < min(len(due), maxTogether) && due[len(cut)].Envelope() == due[0].Envelope() {
		cut = due[:len(cut)+1]
	}
	return cut
}

// some of the jobs, and one that never was.
func (m *model) someJobs() []JobID {
	ids := []JobID{firstJob(1 << 30)}
	for _, id := range slices.Sorted(maps.Keys(m.queue.jobs)) {
		if m.rnd.IntN(4) == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (m *model) settle() string {
	var outcomes []Outcome
	for _, id := range m.someJobs() {
		o := Outcome{Job: id, Fate: Fate(1 + m.rnd.IntN(5)), Reply: greylisted}
		if m.rnd.IntN(2) == 0 {
			o.Next = m.now.now().Add(time.Duration(m.rnd.IntN(5000)) * time.Second)
		}
		outcomes = append(outcomes, o)
		m.queue.settle(id, o)
	}
	var reports []Incoming
	for range m.rnd.IntN(3) {
		reports = append(reports, m.message())
	}
	check(m.t, m.s.Settle(m.t.Context(), outcomes, reports))
	return fmt.Sprintf("settle with %d reports", len(reports))
}

func (q *modelQueue) settle(id JobID, o Outcome) {
	j := q.jobs[id]
	switch {
	case j == nil:
	case o.Fate != Deferred:
		q.ended++
		delete(q.jobs, id)
	case !o.Next.IsZero():
		j.next = o.Next.Unix()
	}
}

func (m *model) change() string {
	sel := []Selection{{All: true}, {Domain: fmt.Sprintf("d%d.test", m.rnd.IntN(4))}, {IDs: m.someJobs()}}[m.rnd.IntN(3)]
	what := m.rnd.IntN(4)
	f := [...]func(*Store) (int64, error){
		func(s *Store) (int64, error) { return s.RetryJobs(m.t.Context(), sel) },
		func(s *Store) (int64, error) { return s.HoldJobs(m.t.Context(), sel) },
		func(s *Store) (int64, error) { return s.ReleaseJobs(m.t.Context(), sel) },
		func(s *Store) (int64, error) { return s.DropJobs(m.t.Context(), sel) },
	}[what]
	got, err := f(m.s)
	check(m.t, err)
	if want := m.queue.change(what, sel, m.now.now().Unix()); got != want {
		m.t.Fatalf("change %d of %+v: %d jobs, want %d", what, sel, got, want)
	}
	return fmt.Sprint("change ", what)
}

func (q *modelQueue) change(what int, sel Selection, now int64) (n int64) {
	for id, j := range q.jobs {
		if !sel.All && j.to.Domain != sel.Domain && !slices.Contains(sel.IDs, id) {
			continue
		}
		switch {
		case what == 0 && !j.held:
			j.next = min(j.next, now)
			if d := q.domains[j.to.Domain]; d.next > now {
				d.next = 0
			}
		case what == 1 && !j.held:
			j.held = true
		case what == 2 && j.held:
			j.held, j.next = false, now
		case what == 3:
			q.ended++
			delete(q.jobs, id)
		default:
			n--
		}
		n++
	}
	return n
}

func (m *model) compareQueue(when string) {
	q, t := m.queue, m.t
	list := queueOf(t, m.s)
	n, held := 0, int64(0)
	for _, e := range list {
		for _, j := range e.Jobs {
			want := q.jobs[j.ID]
			if n++; want == nil || j.To != want.to || j.Attempts != want.attempts || j.Held != want.held || !want.held && j.Next.Unix() != q.due(want) {
				t.Fatalf("%s: job %+v, want %+v", when, j, want)
			}
			if j.Held {
				held++
			}
		}
		if e.Size != int64(len(q.texts[e.ID])) || m.rnd.IntN(20) == 0 && bodyText(t, m.s, e.Body) != q.texts[e.ID] {
			t.Fatalf("%s: envelope %d has another text", when, e.ID)
		}
	}
	if jobs, on, err := m.s.QueueSize(t.Context()); err != nil || n != len(q.jobs) || jobs != int64(n) || on != held {
		t.Fatalf("%s: %d jobs, size %d with %d held, %v; want %d with %d", when, n, jobs, on, err, len(q.jobs), held)
	}
	first := int64(0)
	for domain := range q.domains {
		if due := q.firstDue(domain); due != 0 && (first == 0 || due < first) {
			first = due
		}
	}
	next, ok, err := m.s.NextDue(t.Context(), free)
	if err != nil || ok != (first != 0) || ok && next.Unix() != first {
		t.Fatalf("%s: next is due %v, %v, %v, want %d", when, next, ok, err, first)
	}
	if got := count(t, m.s, `SELECT count(*) FROM history WHERE fate <> 3`); got != q.ended {
		t.Fatalf("%s: %d ends in the history, want %d", when, got, q.ended)
	}
}
