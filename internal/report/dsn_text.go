package report

import (
	"strings"
	"unicode"

	"buzon/internal/message"
	"buzon/internal/text"
)

// text is the part for people, most important first.
func (d *DSN) text(o *original) string {
	w := words(d.Language)
	lang := w.Lang
	var b strings.Builder
	b.WriteString(w.Say(d.Kind.textKey(), "subject", d.subject(o), "date", dateFor(lang, d.Arrival.In(d.Now.Location()))))
	b.WriteString("\n\n")
	groups := d.groups()
	for _, g := range groups {
		d.writeGroup(&b, w, g)
	}
	switch {
	case o.returned == nil:
	case o.whole:
		b.WriteString(w.Say("report_returned") + "\n\n")
	default:
		b.WriteString(w.Say("report_returned_header") + "\n\n")
	}
	for _, g := range groups {
		d.writeWords(&b, w, g.first)
	}
	b.WriteString("-- \n" + w.Say("notice_signature", "host", d.ReportingMTA) + "\n")
	return b.String()
}

// textKey names the first paragraph.
func (k Kind) textKey() string {
	return [...]string{"report_failed", "report_delayed", "report_delivered", "report_relayed", "report_expanded"}[k-Failed]
}

// subjectKey names the subject.
func (k Kind) subjectKey() string {
	return [...]string{"report_failed_subject", "report_delayed_subject", "report_delivered_subject",
		"report_relayed_subject", "report_expanded_subject"}[k-Failed]
}

// group is recipients with the same fate.
type group struct {
	first     *Recipient
	addresses []string
}

// groups gathers the recipients of whom there is the same to say.
func (d *DSN) groups() []*group {
	type fate struct {
		reply  message.Reply
		host   string
		status string
		until  int64
	}
	var list []*group
	byFate := map[fate]*group{}
	for i := range d.Recipients {
		r := &d.Recipients[i]
		f := fate{r.Diagnostic, r.RemoteMTA, r.Status, r.WillRetryUntil.Unix()}
		g := byFate[f]
		if g == nil {
			g = &group{first: r}
			byFate[f] = g
			list = append(list, g)
		}
		g.addresses = append(g.addresses, named(r))
	}
	return list
}

// named is the address as the sender wrote it (RFC 3461 §4.2 is why it came along), else where it went.
func named(r *Recipient) string {
	kind, address, _ := strings.Cut(r.Original, ";")
	if strings.EqualFold(kind, "rfc822") || strings.EqualFold(kind, "utf-8") {
		if a, err := message.ParseAddress(strings.TrimSpace(address)); err == nil {
			return a.String()
		}
	}
	return r.Final.String()
}

// writeGroup tells who and why.
func (d *DSN) writeGroup(b *strings.Builder, w *text.Catalogue, g *group) {
	for _, a := range g.addresses {
		b.WriteString("  " + a + "\n")
	}
	if reason := d.reason(w, g.first); reason != "" {
		b.WriteString(reason + "\n")
	}
	if until := g.first.WillRetryUntil; d.Kind == Delayed && !until.IsZero() {
		b.WriteString(w.Say("report_until", "date", dateFor(w.Lang, until.In(d.Now.Location()))) + "\n")
	}
	b.WriteString("\n")
}

// reason is why, in plain words; empty where all went well or nobody said anything.
func (d *DSN) reason(w *text.Catalogue, r *Recipient) string {
	if d.Kind != Failed && d.Kind != Delayed || r.Diagnostic.Code == 0 {
		return ""
	}
	plain := Plain(w.Lang, r.Diagnostic)
	if d.Kind == Failed && d.expired(r) {
		return w.Say("report_expired", "reason", plain)
	}
	return plain
}

// writeWords quotes the exact reply with the host that said it.
func (d *DSN) writeWords(b *strings.Builder, w *text.Catalogue, r *Recipient) {
	if r.Diagnostic.Code == 0 {
		return
	}
	if r.RemoteMTA == "" {
		b.WriteString(w.Say("report_ours", "host", d.ReportingMTA))
	} else {
		b.WriteString(w.Say("report_remote", "host", r.RemoteMTA))
	}
	b.WriteString("\n")
	for line := range strings.SplitSeq(quoteReply(r.Diagnostic), "\n") {
		b.WriteString("> " + strings.TrimSpace(line) + "\n")
	}
	b.WriteString("\n")
}

// maxReply is how much of a reply is quoted: a field of the status has it on one line, which RFC 5322 §2.1.1 bounds.
const maxReply = 900 // octets

// quoteReply is a reply for reading: its code, and its text as it came, with lines but no other control characters.
func quoteReply(r message.Reply) string {
	s := strings.Map(func(c rune) rune {
		if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(strings.ReplaceAll(r.String(), "\r\n", "\n"), "?"))
	if len(s) > maxReply {
		s = strings.ToValidUTF8(s[:maxReply-len("…")], "") + "…"
	}
	return strings.TrimSpace(s)
}
