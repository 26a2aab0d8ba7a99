package queue

import (
	"context"
	"fmt"
	"io"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
	"buzon/internal/store"
)

// deliver sends one item and writes down what became of it. It tells whether this worker goes on.
func (w *worker) deliver(it item) bool {
	w.domain = it.domain
	it, err := w.stillWanted(it)
	if err != nil {
		return w.unreadable(it, err)
	}
	if len(it.Jobs) == 0 {
		return true
	}
	body, root, err := w.Store.QueuedBody(context.WithoutCancel(w.ctx), it.Envelope)
	if err != nil {
		return w.unreadable(it, err)
	}
	w.sent++
	replies, err := w.session.Send(w.sending, w.mail(it, body, root))
	replies = complete(replies, len(it.Jobs), err)
	if err != nil {
		w.Log.Warn("connection lost", "id", it.LogID, "domain", it.domain, "host", w.session.Host(), "err", err)
	}
	if err != nil && w.sending.Err() != nil { // we cut it: what has no answer yet was not tried
		it, replies = answered(it, replies)
	}
	if !w.settleItem(it, replies, w.session) {
		return false // its end is not on disk: nothing more may be sent
	}
	w.done(it)
	return w.judge(it.domain, replies, err)
}

// stillWanted leaves out who was dropped or held since the claim.
func (w *worker) stillWanted(it item) (item, error) {
	jobs, err := w.Store.Waiting(context.WithoutCancel(w.ctx), it.Jobs)
	if err != nil || len(jobs) == len(it.Jobs) {
		return it, err
	}
	w.state.Lock()
	defer w.state.Unlock()
	w.release(it)
	it.Jobs = jobs
	w.hold(it)
	return it, nil
}

// answered leaves out the recipients whose fate is open.
func answered(it item, replies []message.Reply) (item, []message.Reply) {
	var jobs []store.Job
	var final []message.Reply
	for i, r := range replies {
		if isFinal(r) {
			jobs, final = append(jobs, it.Jobs[i]), append(final, r)
		}
	}
	it.Jobs = jobs
	return it, final
}

// complete gives every recipient a reply: the mail of those whose answer never came stays.
func complete(replies []message.Reply, n int, err error) []message.Reply {
	for len(replies) < n {
		replies = append(replies, message.Reply{})
	}
	for i := range replies {
		if replies[i].Code == 0 {
			replies[i] = lost(err)
		}
	}
	return replies[:n]
}

// lost is the reply in place of one that never came (RFC 3463 §3.5 X.4.2).
func lost(err error) message.Reply {
	r := message.Reply{Code: 451, Enhanced: [3]int{4, 4, 2}, Text: "The connection was lost"}
	if err != nil {
		r.Text += ": " + err.Error()
	}
	return r
}

// mail is an item as the client wants it. Nothing of the body is read yet.
func (w *worker) mail(it item, body *io.SectionReader, root *message.Part) smtpclient.Mail {
	m := smtpclient.Mail{
		From: it.From, Body: body, Root: root,
		BodyType: it.BodyType, UTF8: it.UTF8, RequireTLS: it.RequireTLS, EnvID: it.EnvID, Return: it.Return,
	}
	for _, j := range it.Jobs {
		m.To = append(m.To, smtpclient.Recipient{
			Address: j.To, Notify: message.Notify(j.Notify).String(), Original: j.Original,
		})
	}
	if w.Sign != nil {
		m.Resign = func(body *io.SectionReader) ([]byte, error) { return w.Sign(w.sending, body) }
	}
	return m
}

// refused fails the item: the domain takes no mail. The next item asks again; the answer is remembered where it was found.
func (w *worker) refused(it item, reply message.Reply, host string) bool {
	w.domain = it.domain
	defer w.done(it)
	return w.settleResults(it.Queued, w.results(it, repeat(reply, len(it.Jobs)), saidBy{host: host}))
}

// unreadable keeps the item for later: the file could not be read.
func (w *worker) unreadable(it item, err error) bool {
	w.complain(fmt.Sprintf("read message %s", it.LogID), err)
	defer w.done(it)
	// RFC 3463 §3.4 X.3.0: trouble on this side.
	reply := message.Reply{Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "The message could not be read from the disk"}
	return w.settleResults(it.Queued, w.results(it, repeat(reply, len(it.Jobs)), saidBy{}))
}

func repeat(r message.Reply, n int) []message.Reply {
	all := make([]message.Reply, n)
	for i := range all {
		all[i] = r
	}
	return all
}

// settleItem writes down what the session said.
func (w *worker) settleItem(it item, replies []message.Reply, s Session) bool {
	by := saidBy{host: s.Host(), tls: s.TLS(), dsn: s.RelaysDSN()}
	return w.settleResults(it.Queued, w.results(it, replies, by))
}

func (w *worker) results(it item, replies []message.Reply, by saidBy) []result {
	all := make([]result, len(it.Jobs))
	for i, j := range it.Jobs {
		all[i] = w.result(it.Envelope, j, replies[i], by)
	}
	return all
}
