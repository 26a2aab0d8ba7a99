package report

import (
	"io"
	"slices"
	"strings"

	"buzon/internal/message"
)

// Facts is what a header tells of who wrote a mail and to whom: enough to know whether a machine may answer.
type Facts struct {
	Subject    string            // as it arrived, unfolded
	MessageID  string            // without brackets
	References []string          // without brackets, oldest first, at most 100
	Recipients []message.Contact // of To, Cc, Bcc and their Resent forms; at most 1,000 a field
	Machine    bool              // it says itself that no person wrote it, or that none wants an answer
	List       bool              // it came through a mailing list
}

// ReadFacts reads the header of r, of size octets, once. Only errors of r are returned.
func ReadFacts(r io.ReaderAt, size int64) (Facts, error) {
	var f Facts
	_, err := message.Fields(r, size, func(name string, raw []byte, _ message.Range) bool {
		f.field(strings.ToLower(name), raw)
		return true
	})
	return f, err
}

func (f *Facts) field(name string, raw []byte) {
	switch name {
	case "subject":
		f.Subject = firstNonEmpty(f.Subject, message.FieldValue(raw))
	case "message-id":
		if ids := message.MessageIDs(message.FieldValue(raw)); len(ids) > 0 {
			f.MessageID = firstNonEmpty(f.MessageID, ids[0])
		}
	case "references":
		f.References = message.MessageIDs(message.FieldValue(raw))
	case "to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc": // RFC 3834 §2
		f.addRecipients(message.FieldValue(raw))
	// RFC 5230 §4.6, after RFC 2369 and RFC 2919; Mailing-List is older.
	case "list-id", "list-help", "list-subscribe", "list-unsubscribe", "list-post", "list-owner", "list-archive", "mailing-list":
		f.List = true
	case "auto-submitted", "precedence", "x-auto-response-suppress", "x-autoreply", "x-autorespond", "content-type",
		"feedback-id", "x-failed-recipients":
		f.Machine = f.Machine || saysMachine(name, strings.ToLower(message.FieldValue(raw)))
	}
}

// maxRecipients is how many recipients are looked at: fields of one name add up.
const maxRecipients = 5000 // contacts

func (f *Facts) addRecipients(value string) {
	if len(f.Recipients) < maxRecipients {
		f.Recipients = append(f.Recipients, message.ParseContacts(value)...)
	}
}

// saysMachine reads the fields by which mail that wants no answer is known.
func saysMachine(name, value string) bool {
	first := value
	if at := strings.IndexAny(value, ";("); at >= 0 { // a parameter or a comment follows
		first = strings.TrimSpace(value[:at])
	}
	switch name {
	case "auto-submitted": // RFC 3834 §2: any value but "no"
		return first != "no"
	case "precedence":
		return first == "bulk" || first == "list" || first == "junk"
	case "x-auto-response-suppress": // [MS-OXCMAIL] §2.1.3.2.20
		return slices.ContainsFunc(strings.Split(first, ","), func(s string) bool {
			s = strings.TrimSpace(s)
			return s == "all" || s == "oof" || s == "autoreply"
		})
	case "content-type": // reports of delivery and of reading
		return first == "multipart/report"
	}
	return true // fields that only machines write
}

// Answerable tells whether an answer made by a machine may go to from, the envelope's sender, for one of the addresses own,
// which are all that the account has (RFC 3834 §2). How often is the caller's to hold: once a week, say.
func Answerable(f Facts, from message.Address, own []message.Address) bool {
	switch {
	case from.IsZero(), from.Domain == "", f.Machine, f.List, machineLocal(from.Local):
		return false
	}
	keys := map[string]bool{}
	for _, a := range own {
		keys[a.Key()] = true
	}
	if keys[from.Key()] { // a circle of one
		return false
	}
	// RFC 3834 §2: only who was written to answers, not who was in a blind copy or behind a list.
	return slices.ContainsFunc(f.Recipients, func(c message.Contact) bool {
		a, err := c.Address()
		return err == nil && keys[a.Key()]
	})
}

// machineLocal knows the names behind which nobody reads (RFC 3834 §2, RFC 5230 §4.6).
func machineLocal(local string) bool {
	local = strings.ToLower(local)
	for _, prefix := range []string{"owner-", "bounce", "noreply", "no-reply", "no_reply", "no.reply", "donotreply",
		"do-not-reply", "do_not_reply", "mailer-daemon", "mailerdaemon", "listserv", "majordomo"} {
		if strings.HasPrefix(local, prefix) {
			return true
		}
	}
	name, _, _ := strings.Cut(local, "+") // VERP: list-bounces+ana=example.org
	for _, suffix := range []string{"-owner", "-request", "-bounces", "-bounce", "-noreply", "-no-reply", "-errors"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return local == "postmaster" || local == "root" || local == "daemon"
}
