package page

import (
	"errors"
	"sync"
	"time"

	"buzon/internal/message"
	"buzon/internal/onward"
	"buzon/internal/store"
)

func (p *Page) mailTestRoutes(m *routes) {
	m.get("/setup/mail", admins, p.showMailTest)
	m.post("/setup/mail", admins, p.sendMailTest)
	m.live("/live/setup/mail", admins, p.liveMailTest)
}

// mailTest is the last test mail. It is in memory: what became of it is in the history, too.
type mailTest struct {
	mu   sync.Mutex
	last sentTest
}

// sentTest is one that was accepted. The zero value is none.
type sentTest struct {
	onward.Posted
	From store.AccountID
	To   message.Address
	At   time.Time
}

func (t *mailTest) set(s sentTest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = s
}

func (t *mailTest) get() sentTest {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// mailData is the page; all but setup and what was typed is live.
type mailData struct {
	setup
	Able    bool
	Typed   string
	To      string // of the last test; "" is none
	At      time.Time
	Said    []testSaid
	Waiting bool
	Answers []testSaid
}

// testSaid is one thing that is known, as a sentence, and whether it is good news.
type testSaid struct{ Class, Text string }

func (p *Page) showMailTest(r *request) (reply, error) {
	d, err := p.mailData(r)
	if err != nil {
		return nil, err
	}
	if d.setup, err = r.setupAt(stepMail); err != nil {
		return nil, err
	}
	if d.Typed = r.session.typed("mail")["to"]; d.Typed == "" {
		d.Typed = r.account.Address.String()
	}
	return r.render("setup_mail", d)
}

// sendMailTest sends a mail as the person's own program would.
func (p *Page) sendMailTest(r *request) (reply, error) {
	r.session.keepTyped("mail", map[string]string{"to": r.field("to")})
	to, err := r.address("to")
	if err == nil && p.Sending == nil {
		err = fail("page_error_ours")
	}
	if err != nil {
		return r.again(stepPath(stepMail), err)
	}
	letter, utf8 := message.Letter(r.account.Address, r.account.Name, to, r.say("page_setup_mail_subject"), r.say("page_setup_mail_text"), p.Now())
	posted, err := p.Sending.Desk.Post(r.Context(), r.account, to, letter, utf8)
	var refused *message.Reply
	if errors.As(err, &refused) {
		return r.again(stepPath(stepMail), fail("page_setup_mail_refused", "why", refused.Text))
	}
	if err != nil {
		return nil, err
	}
	p.wizard.mail.set(sentTest{Posted: posted, From: r.account.ID, To: to, At: p.Now()})
	r.audit("test-mail", "to", to, "id", posted.ID)
	return r.redirect(stepPath(stepMail)), nil
}

func (p *Page) liveMailTest(r *request, show send) error {
	return r.follow(show, "setup_mail", "live_mail", nil, func() (any, error) { return p.mailData(r) })
}

// mailData is what became of the last test, as far as it is known now.
func (p *Page) mailData(r *request) (mailData, error) {
	test := p.wizard.mail.get()
	d := mailData{Able: p.Sending != nil}
	if test.ID == "" {
		return d, nil
	}
	d.To, d.At = test.To.String(), test.At
	if test.Here {
		d.Said = append(d.Said, testSaid{"good", r.say("page_setup_mail_here", "address", test.To)})
	}
	if !test.Leaves {
		return d, nil
	}
	if test.Signed {
		d.Said = append(d.Said, testSaid{"good", r.say("page_setup_mail_signed")})
	} else {
		d.Said = append(d.Said, testSaid{"warn", r.say("page_setup_mail_unsigned")})
	}
	fates, err := p.fates(r, test)
	d.Said, d.Waiting = append(d.Said, fates...), len(fates) == 0
	d.Answers = p.answers(r, test)
	return d, err
}

// fates is what the history tells of a test: that it was taken and over which TLS, that it waits, or why it failed.
func (p *Page) fates(r *request, test sentTest) (list []testSaid, err error) {
	lines, err := p.Store.History(r.Context(), store.HistoryQuery{Account: test.From})
	for i := len(lines) - 1; i >= 0; i-- { // the first first
		h := lines[i]
		if h.LogID != test.ID {
			continue
		}
		class := "good"
		if badFate(h.Fate) {
			class = "bad"
		}
		list = append(list, testSaid{class, r.fateSentence(h)})
		if h.TLS != "" && !badFate(h.Fate) {
			list = append(list, testSaid{"good", r.say("page_setup_mail_tls", "tls", h.TLS)})
		}
		if h.Reply.Text != "" {
			list = append(list, testSaid{"soft", r.say("page_setup_mail_said", "host", h.Host, "text", h.Reply.Error())})
		}
	}
	return list, err
}

// answers is what came since from where the test went: with it mail works both ways.
func (p *Page) answers(r *request, test sentTest) (list []testSaid) {
	if p.Arrivals == nil {
		return nil
	}
	for _, a := range p.Arrivals.Last(50) {
		if a.At.Before(test.At) || a.Own || a.From != test.To.Domain && a.From != "" {
			continue
		}
		key, class := "page_setup_mail_answer", "good"
		if a.From == "" {
			key = "page_setup_mail_report" // a bounce, or an automatic answer
		}
		if a.Junk {
			class = "warn"
		}
		list = append(list, testSaid{class, r.say(key, "domain", test.To.Domain, "why", a.Author.In(r.words))})
	}
	return list
}
