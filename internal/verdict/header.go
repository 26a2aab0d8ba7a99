package verdict

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"buzon/internal/dkim"
	"buzon/internal/message"
)

// header is the header of a mail, as far as it is examined.
type header struct {
	fields  []dkim.Field
	size    int64    // octets with the empty line
	cut     bool     // there is more than message.MaxHeader: the rest was not kept
	from    int      // From fields; RFC 5322 §3.6 wants one
	authors []string // the different domains of From in A-labels, at most maxAuthors and one
	unnamed bool     // From has an author without a usable domain
}

// maxFields is how many fields are examined; mail with long traces has 150.
const maxFields = 2000

// maxAuthors is how many domains in From are asked about. RFC 7489 §6.6.1 leaves
// it to us; more than one is rare already.
const maxAuthors = 4

// readHeader keeps the header in one piece of memory. Only errors of reading are returned.
func readHeader(mail *io.SectionReader) (header, error) {
	var h header
	kept := make([]byte, 0, 4<<10)
	var ends []int
	size, err := message.Fields(mail, mail.Size(), func(name string, raw []byte, at message.Range) bool {
		if at.To > message.MaxHeader || len(h.fields) == maxFields {
			h.cut = true
			return true
		}
		kept = append(kept, raw...)
		ends = append(ends, len(kept))
		h.fields = append(h.fields, dkim.Field{Name: name})
		return true
	})
	if err != nil {
		return header{}, fmt.Errorf("judge mail: %w", err)
	}
	h.size = size
	from := 0
	for i, to := range ends {
		h.fields[i].Raw = kept[from:to:to]
		from = to
		if strings.EqualFold(h.fields[i].Name, "From") {
			h.addAuthors(h.fields[i].Raw)
		}
	}
	return h, nil
}

// addAuthors notes who a From field names.
func (h *header) addAuthors(raw []byte) {
	h.from++
	found := false
	for _, c := range message.ParseContacts(message.FieldValue(slices.Clone(raw))) { // FieldValue overwrites
		if c.Host == "" { // the mark of a group
			continue
		}
		found = true
		a, err := message.ParseAddress("postmaster@" + c.Host)
		domain := a.ASCIIDomain()
		switch {
		case err != nil || domain == "" || strings.HasPrefix(domain, "["):
			h.unnamed = true
		case !slices.Contains(h.authors, domain) && len(h.authors) <= maxAuthors:
			h.authors = append(h.authors, domain)
		}
	}
	h.unnamed = h.unnamed || !found
}
