package acme

import (
	"context"
	"time"
)

// begin moves the next attempt before this one is made, so that a crash in it does not make us hammer, and finds out what
// time it is.
func (m *Manager) begin(ctx context.Context) error {
	m.state.Failures++
	m.state.Hold = m.Now().Add(doubled(serviceFirst, serviceMost, m.state.Failures))
	m.save(ctx)
	if err := m.Ready(ctx); err != nil {
		return problem(WrongClock, err.Error())
	}
	return nil
}

// settled says that nothing hinders any more.
func (m *Manager) settled() {
	m.state.Problem, m.state.Todo = nil, nil
	m.state.Failures, m.state.Hold = 0, time.Time{}
}

// fail notes what hindered everything.
func (m *Manager) fail(err error) {
	p := explain(err)
	p.At = m.Now()
	if p.Code == Waiting { // that is no failure, see begin
		m.state.Failures--
	} else {
		m.Log.Warn("got no certificate", "why", p.Code, "detail", p.Detail)
	}
	m.state.Problem = p
	m.state.Hold = p.At.Add(m.jittered(p.pause(m.state.Failures)))
}

// note writes down why names failed, and when to try them again.
func (m *Manager) note(failed failures) {
	for name, p := range failed {
		n := m.state.name(name)
		n.Failures++
		n.Problem = p
		n.Next = m.Now().Add(m.jittered(p.pause(n.Failures)))
		m.Log.Warn("a name cannot have a certificate for now", "name", name, "why", p.Code, "detail", p.Detail, "way", p.Way, "again", n.Next)
	}
}
