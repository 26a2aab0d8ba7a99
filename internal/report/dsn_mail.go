package report

import (
	"buzon/internal/message"
)

// mail puts the three parts of RFC 6522 §3 together: for people, for programs, and the original.
func (d *DSN) mail(o *original) Mail {
	m := Mail{BodyType: "7BIT", UTF8: needsUTF8(d.To) || o.global(d)}
	// The status of an internationalised report is UTF-8 as it stands, which makes the whole 8bit (RFC 2045 §6.4).
	encoding := "7bit"
	if o.encoding() == "8bit" || m.UTF8 && d.global() {
		encoding, m.BodyType = "8bit", "8BITMIME"
	}
	boundary := boundaryFor(d.MessageID)
	b := d.head(o, m.UTF8)
	b = message.AppendWords(b, "Content-Type", "multipart/report;", "report-type=delivery-status;", `boundary="`+boundary+`"`)
	b = message.AppendWords(b, "Content-Transfer-Encoding", encoding)

	delimiter := "\r\n--" + boundary
	b = append(b, delimiter+"\r\n"...)
	b = message.AppendText(b, "Content-Description", words(d.Language).Say("report_description_text"))
	b = appendText(b, words(d.Language).Lang, d.text(o))
	b = append(b, delimiter+"\r\n"...)
	b = d.appendStatus(b, m.UTF8)
	if o.returned == nil {
		m.Body = section(append(b, delimiter+"--\r\n"...))
		return m
	}
	b = append(b, delimiter+"\r\n"...)
	b = append(o.appendPart(b, d), "\r\n"...)
	m.Body = message.Join(section(b), o.returned, section([]byte(delimiter+"--\r\n")))
	return m
}

func (d *DSN) head(o *original, utf8 bool) []byte {
	w := words(d.Language)
	h := head{
		fromName: w.Say("report_from"), from: d.From, to: d.To, id: d.MessageID, now: d.Now, utf8: utf8,
		subject: w.Say(d.Kind.subjectKey(), "subject", d.subject(o)),
		auto:    "auto-replied", // RFC 3834 §5
		replyTo: o.messageID,
	}
	return h.write()
}

// subject is what people know the original by.
func (d *DSN) subject(o *original) string {
	return firstNonEmpty(readable(o.subject), words(d.Language).Say("report_no_subject"))
}
