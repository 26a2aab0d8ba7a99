package outbound

import (
	"context"
	"io"
	"net/netip"
	"strings"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
)

// Step is one thing that TestRelay did.
type Step struct {
	Key    string // of a sentence in package text; its placeholder is {detail}
	Detail string // addresses, the kind of TLS, the relay's words
	Err    error  // nil: it worked; else an *Error, and no step follows
}

// TestRelay sends body, a whole message with CRLF, through the relay and tells each step, whatever the settings say. The
// last step has the relay's reply to the recipient.
func (s *Sender) TestRelay(ctx context.Context, r Relay, from, to message.Address, body *io.SectionReader) []Step {
	return s.TellRelay(ctx, r, from, to, body, nil)
}

// TellRelay is TestRelay that tells each step when it is done. tell may be nil.
func (s *Sender) TellRelay(ctx context.Context, r Relay, from, to message.Address, body *io.SectionReader, tell func(Step)) []Step {
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Open, openTimeout))
	defer cancel()
	t := &relayTest{tell: tell}
	x := s.tryRelay(ctx, t, r)
	if x == nil {
		return t.steps
	}
	defer x.Close()
	replies, err := x.Send(ctx, smtpclient.Mail{From: from, To: []smtpclient.Recipient{{Address: to}}, Body: body})
	if err == nil && len(replies) == 1 && replies[0].Code/100 != 2 {
		err = &replies[0]
	}
	said := ""
	if len(replies) == 1 {
		said = replies[0].Error()
	}
	t.step(r, "relay_step_send", said, err)
	return t.steps
}

// GreetRelay is TestRelay without a message: it ends when the relay has let us in.
func (s *Sender) GreetRelay(ctx context.Context, r Relay) []Step {
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Open, openTimeout))
	defer cancel()
	t := &relayTest{}
	if x := s.tryRelay(ctx, t, r); x != nil {
		x.Close()
	}
	return t.steps
}

// relayTest writes the steps down, and tells them.
type relayTest struct {
	steps []Step
	tell  func(Step) // may be nil
}

// step notes one and tells whether it worked.
func (t *relayTest) step(r Relay, key, detail string, err error) bool {
	step := Step{Key: key, Detail: detail}
	if err != nil {
		told := failure(r.Host, err)
		step.Err = told
		if step.Detail == "" {
			step.Detail = told.Reply.Text
		}
	}
	t.steps = append(t.steps, step)
	if t.tell != nil {
		t.tell(step)
	}
	return err == nil
}

// tryRelay is openRelay with a witness. It goes through all addresses for the connection, and stays with the first.
func (s *Sender) tryRelay(ctx context.Context, t *relayTest, r Relay) *Session {
	found, err := s.findRelay(ctx, r)
	if !t.step(r, "relay_step_find", join(found.addrs), err) {
		return nil
	}
	client, addr, err := s.greetAny(ctx, r, found.addrs)
	if !t.step(r, "relay_step_connect", netText(addr), err) {
		return nil
	}
	x := &Session{client: client, host: r.Host}
	err = s.secureRelay(ctx, x, r, addr)
	if r.TLS == TLSNone || t.step(r, "relay_step_tls", x.TLS(), err) {
		if r.User == "" || t.step(r, "relay_step_login", r.User, logIn(ctx, x, r)) {
			return x
		}
	}
	x.Close()
	return nil
}

func (s *Sender) greetAny(ctx context.Context, r Relay, addrs []netip.Addr) (*smtpclient.Client, netip.Addr, error) {
	var failed *Error
	for _, addr := range addrs {
		client, err := s.greetRelay(ctx, r, addr)
		if err == nil {
			return client, addr, nil
		}
		failed = moreTelling(failed, failure(r.Host, err))
	}
	return nil, netip.Addr{}, failed
}

func join(addrs []netip.Addr) string {
	texts := make([]string, len(addrs))
	for i, addr := range addrs {
		texts[i] = addr.String()
	}
	return strings.Join(texts, ", ")
}

// netText is "" for no address.
func netText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
