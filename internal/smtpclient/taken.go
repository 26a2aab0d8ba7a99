package smtpclient

import "buzon/internal/message"

func (t *transaction) tookReset(r message.Reply) error {
	if r.Code/100 != 2 { // RFC 5321 §4.1.1.5 knows no other answer
		return t.c.outOfStep("RSET", r)
	}
	t.c.needReset = false
	return nil
}

// tookMail: a refusal is for all recipients, whatever is said to each.
func (t *transaction) tookMail(r message.Reply) error {
	switch r.Code / 100 {
	case 2:
		t.c.needReset = true
	case 3:
		return t.c.outOfStep("MAIL", r)
	default:
		t.mailRefused = true
		t.settle(r)
	}
	return nil
}

func (t *transaction) tookRcpt(i int, r message.Reply) error {
	switch {
	case r.Code/100 == 3:
		return t.c.outOfStep("RCPT", r)
	case r.Code/100 == 2 || t.mailRefused:
		return nil
	}
	t.replies[i] = t.tooMany(i, r)
	return nil
}

// tooMany: RFC 5321 §4.5.3.1.10: 552 to one recipient of many may be a way to say 452, "enough for one message". Where the
// enhanced code tells another reason, as for a full mailbox, it is believed.
func (t *transaction) tooMany(i int, r message.Reply) message.Reply {
	unsaid := r.Enhanced == [3]int{5, 0, 0} || r.Enhanced == [3]int{5, 5, 3}
	if r.Code != 552 || !unsaid || i == 0 {
		return r
	}
	return message.Reply{Code: 452, Enhanced: [3]int{4, 5, 3}, Text: r.Text}
}

// tookData: a peer that wants the body gets one, if only an empty one.
func (t *transaction) tookData(r message.Reply) error {
	switch r.Code / 100 {
	case 2:
		return t.c.outOfStep("DATA", r)
	case 3:
		t.goAhead = true
	default:
		t.settle(r)
	}
	return nil
}

// tookEnd: the reply to the whole message is the one for all who are in it.
func (t *transaction) tookEnd(r message.Reply) error {
	if r.Code/100 == 3 {
		return t.c.outOfStep("end", r)
	}
	t.c.needReset = false
	t.settle(r)
	return nil
}
