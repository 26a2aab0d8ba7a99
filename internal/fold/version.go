package fold

import (
	"strconv"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// revision counts the ways in which this package folded texts, or chose them.
// Whoever changes what any text becomes, here or where texts are decoded (package
// message), raises it.
const revision = 1

// Version names the way in which texts are folded. An index made with another
// one is of no use: a new release of Go may bring new letters, too.
func Version() string {
	return strconv.Itoa(revision) + " Unicode " + unicode.Version + " " + norm.Version
}
