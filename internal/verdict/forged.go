package verdict

import (
	"io"
	"slices"
	"strings"

	"buzon/internal/message"
)

// Forged finds the Authentication-Results of a message, of size octets, that
// claim to be ours (RFC 8601 §5): before ours is put on top, no honest one can
// bear our name. names are all that we ever use; U-labels, A-labels and any case
// are one. Fields that cannot be read but contain a name count: another program
// may read them. The ranges are for message.Without. Only errors of r are returned.
func Forged(r io.ReaderAt, size int64, names ...string) ([]message.Range, error) {
	var ours []string
	for _, n := range names {
		ours = append(ours, asciiDomain(n))
	}
	var out []message.Range
	_, err := message.Fields(r, size, func(name string, raw []byte, at message.Range) bool {
		if strings.EqualFold(name, "Authentication-Results") && claims(string(raw[len(name):]), ours) {
			out = append(out, at)
		}
		return true
	})
	return out, err
}

// claims tells that a field, from its colon on, bears one of our names.
func claims(value string, ours []string) bool {
	_, value, _ = strings.Cut(value, ":")
	found, err := ParseResults(value)
	if slices.Contains(ours, asciiDomain(found.ServerID)) {
		return true
	}
	return err != nil && slices.ContainsFunc(ours, func(n string) bool {
		return n != "" && strings.Contains(strings.ToLower(value), n)
	})
}
