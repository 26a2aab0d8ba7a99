// Package judge makes the one decision about a message from the world: taken into the inbox, filed as junk, refused, or
// asked to come again; with its reasons, for the log, for the header and for who looks it up later.
//
// It weighs what others found out: the gate (who brings it), verdict (who really wrote it) and the account's own filter
// (what it says). Precision comes first: a good mail among the junk costs more than a junk mail in the inbox.
//
//   - The owner's rules stand above everything: what is allowed is taken, whatever else was found.
//   - A message whose author's domain has it refused (DMARC) is refused, with that reason, in SMTP.
//   - Where DNS did not answer what would decide, the message is asked to come again.
//   - Somebody to whom the account wrote, and who proves to be that, is never junk by what he writes.
//   - The account's filter decides by content once it was taught; before that only plain suspicion does.
//
// Nothing here is sent to anybody.
package judge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"buzon/internal/dns"
	"buzon/internal/gate"
	"buzon/internal/junk"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/verdict"
)

// Judge decides for one appliance. It may be used concurrently.
type Judge struct {
	Store    *store.Store
	Resolver dns.Resolver
	Name     func() string // ours: the authserv-id of RFC 8601 §2.2
	Draw     func(n int) int
	Now      func() time.Time
	Log      *slog.Logger
}

// Mail is what there is to decide on.
type Mail struct {
	ID       string
	Client   netip.Addr
	Helo     string
	From     message.Address // reverse-path
	Body     *io.SectionReader
	Accounts []store.AccountID // in whose mailboxes it is to go
	Role     bool              // one of its recipients is postmaster
	Gate     *gate.Session     // of the client; nil: nothing is known of it
}

// Decision is what becomes of it.
type Decision struct {
	Refusal *message.Reply          // 5yz refuses, 4yz asks to come again; nil takes it
	Reason  string                  // of a refusal: one word for the list of refusals and the counters
	Body    *io.SectionReader       // the message without results that others forged in our name
	Header  []byte                  // Authentication-Results, to be put before it
	Places  map[store.AccountID]Why // where it goes in each account
	Outcome gate.Outcome
	Verdict verdict.Verdict

	authors  []message.Address // of From and Sender
	from     message.Address   // reverse-path
	forOwner bool              // it is for postmaster, where reports are sent
}

// Why is where a message goes in an account, and what for.
type Why struct {
	Junk   bool
	Cause  string // one of the causes, for the page
	Reason string // English, for the header and the log
}

// Causes of a place.
const (
	CauseAllowed = "allowed" // a rule lets it in
	CauseBlocked = "blocked" // a rule of the account keeps it out
	CauseDMARC   = "dmarc"   // the author's domain wants it suspected
	CauseKnown   = "known"   // the account wrote to them
	CauseFilter  = "filter"  // the account's filter says so
	CauseClient  = "client"  // too much speaks against the server that brought it
	CauseNone    = "none"    // nothing speaks against it
)

// Message decides. Errors are of reading the message or the file: then it has to come again.
func (j *Judge) Message(ctx context.Context, m Mail) (Decision, error) {
	d := Decision{Body: m.Body, Places: map[store.AccountID]Why{}, from: m.From, forOwner: m.Role}
	if err := j.authenticate(ctx, m, &d); err != nil {
		return d, err
	}
	if d.Refusal, d.Reason = j.refusal(ctx, m, &d); d.Refusal != nil {
		return d, nil
	}
	if err := j.hideForged(&d); err != nil {
		return d, err
	}
	if err := j.place(ctx, m, &d); err != nil {
		return d, err
	}
	d.Outcome = gate.Outcome{Junk: d.anyJunk(), DMARC: d.Verdict.DMARC.Result == verdict.Pass}
	return d, nil
}

// authenticate finds out who wrote it. What comes from our own network, a printer say, has no names that the world could
// vouch for.
func (j *Judge) authenticate(ctx context.Context, m Mail, d *Decision) error {
	if m.home() {
		return nil
	}
	v, err := verdict.Check(ctx, verdict.Mail{
		Client: m.Client, Helo: m.Helo, From: m.From, Body: m.Body,
		Resolver: j.Resolver, Now: j.Now(), Draw: j.Draw,
		Trust: j.Store.Settings().Forwarders, Allow: m.allowed(),
	})
	if err != nil {
		return fmt.Errorf("look who wrote it: %w", err)
	}
	d.Verdict, d.Header = v, v.AppendHeader(nil, j.Name())
	said, err := message.ReadSubmission(m.Body, m.Body.Size())
	if err != nil {
		return fmt.Errorf("read the authors: %w", err)
	}
	d.authors, _ = said.Authors()
	return nil
}

func (m *Mail) allowed() bool { return m.Gate != nil && m.Gate.Allowed() }

// home tells that it comes from our own network.
func (m *Mail) home() bool { return m.Gate != nil && m.Gate.Home() }

// refusal is why the message is not taken at all.
func (j *Judge) refusal(ctx context.Context, m Mail, d *Decision) (*message.Reply, string) {
	v := &d.Verdict
	if m.home() {
		return nil, ""
	}
	if m.Gate != nil { // first, for it may hear of a rule that allows the author
		if reply := m.Gate.Content(ctx, d.authors); reply != nil {
			return reply, "" // the gate notes its own
		}
	}
	if m.allowed() {
		return nil, ""
	}
	if v.DMARC.Disposition == verdict.Reject {
		text := fmt.Sprintf("%s has mail in its name refused that it did not send (DMARC)", v.DMARC.Domain)
		if m.Gate != nil {
			text += ". " + m.Gate.AllowHint()
		}
		return &message.Reply{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: text}, ReasonDMARC // RFC 7489 §10.3
	}
	if reason, yes := v.Defer(); yes {
		return &message.Reply{Code: 451, Enhanced: [3]int{4, 4, 3}, Text: "Please come again later: " + reason}, ReasonDNS
	}
	return nil, ""
}

// Reasons of refusals, besides those of package gate.
const (
	ReasonDMARC = "dmarc"
	ReasonDNS   = "dns"
)

// hideForged leaves out what claims to be our Authentication-Results (RFC 8601 §5).
func (j *Judge) hideForged(d *Decision) error {
	forged, err := verdict.Forged(d.Body, d.Body.Size(), j.Name())
	if err != nil {
		return fmt.Errorf("look for forged results: %w", err)
	}
	if len(forged) > 0 {
		d.Body = message.Without(d.Body, d.Body.Size(), forged)
	}
	return nil
}

// place finds where the message goes in each account.
func (j *Judge) place(ctx context.Context, m Mail, d *Decision) error {
	content := &content{store: j.Store, body: d.Body}
	for _, acc := range m.Accounts {
		why, err := j.placeIn(ctx, m, d, acc, content)
		if err != nil {
			return err
		}
		d.Places[acc] = why
	}
	return nil
}

// suspicious is how many points against the client make junk of a message on which the filter has no say yet. One list in
// DNS that counts, or a bad name and no reverse one, are not enough.
const suspicious = 4 // points

func (j *Judge) placeIn(ctx context.Context, m Mail, d *Decision, acc store.AccountID, c *content) (Why, error) {
	switch {
	case m.Gate != nil && m.Gate.Allows(acc):
		return Why{Cause: CauseAllowed, Reason: "allowed by a rule"}, nil
	case m.Gate != nil && m.Gate.Blocks(acc):
		return Why{Junk: true, Cause: CauseBlocked, Reason: "blocked by the account"}, nil
	case d.Verdict.DMARC.Disposition == verdict.Quarantine:
		return Why{Junk: true, Cause: CauseDMARC, Reason: d.Verdict.DMARC.Domain + " wants mail treated with suspicion that it did not send (DMARC)"}, nil
	}
	known, err := j.knows(ctx, acc, d)
	if err != nil || known {
		return Why{Cause: CauseKnown, Reason: "from somebody this account wrote to"}, err
	}
	says, err := c.judge(ctx, acc)
	if err != nil {
		return Why{}, err
	}
	points, names := m.findings()
	switch {
	case says.Known && says.Junk:
		return Why{Junk: true, Cause: CauseFilter, Reason: fmt.Sprintf("the filter finds it like other junk (%.2f, the limit being %.2f)%s", says.Score, says.Threshold, names)}, nil
	case says.Known:
		return Why{Cause: CauseFilter, Reason: fmt.Sprintf("the filter finds it good (%.2f, the limit being %.2f)%s", says.Score, says.Threshold, names)}, nil
	case points >= suspicious:
		return Why{Junk: true, Cause: CauseClient, Reason: fmt.Sprintf("suspicious sender, %d points%s", points, names)}, nil
	}
	return Why{Cause: CauseNone, Reason: "nothing speaks against it; the filter has not learned enough yet" + names}, nil
}

// findings are what speaks against the client.
func (m *Mail) findings() (points int, names string) {
	if m.Gate == nil {
		return 0, ""
	}
	for _, f := range m.Gate.Findings() {
		points += f.Points
		names += "; " + f.Name
	}
	return points, names
}

// knows tells that the account wrote to the author before, and that it is really him.
func (j *Judge) knows(ctx context.Context, acc store.AccountID, d *Decision) (bool, error) {
	if v := &d.Verdict.DMARC; !v.DKIM && !v.SPF || len(d.authors) != 1 { // anybody can write a name into From
		return false, nil
	}
	known, err := j.Store.Correspondents(ctx, acc, d.authors[0])
	if err != nil {
		return false, fmt.Errorf("look for a correspondent: %w", err)
	}
	return known, nil
}

func (d *Decision) anyJunk() bool {
	for _, why := range d.Places {
		if why.Junk {
			return true
		}
	}
	return false
}

// content is what filters look at, read when the first of them wants it.
type content struct {
	store    *store.Store
	body     *io.SectionReader
	features junk.Features
	read     bool
}

// judge asks the filter of an account.
func (c *content) judge(ctx context.Context, acc store.AccountID) (junk.Verdict, error) {
	ready, err := c.store.JunkReady(ctx, acc)
	if err != nil || !ready {
		return junk.Verdict{}, err
	}
	if !c.read {
		parsed, err := message.Parse(c.body, c.body.Size())
		if err != nil {
			return junk.Verdict{}, fmt.Errorf("parse message: %w", err)
		}
		if c.features, err = junk.Read(c.body, &parsed.Root, 0); err != nil {
			return junk.Verdict{}, fmt.Errorf("read message: %w", err)
		}
		c.read = true
	}
	return c.store.JudgeJunk(ctx, acc, c.features)
}
