// Package text is every sentence that a person reads on the terminal, in English and Spanish. What machines and mail
// programs read (replies, logs, JSON) is English only and is not here.
//
// A catalogue is a plain file, one a language: a line "[key]" begins an entry, everything up to the next is its text.
// Placeholders are names in braces, so that a translation may change their order. A test holds the languages together.
package text

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// As text, not as files: what is said points into the program, and a catalogue keeps no copy of it.
var (
	//go:embed en.txt
	english string
	//go:embed es.txt
	spanish string
)

// Default is the language of those who did not choose one that we speak.
const Default = "en"

// Languages are those we speak.
func Languages() []string { return []string{"en", "es"} }

// Catalogue is the sentences of one language. It is not changed after Load.
type Catalogue struct {
	Lang    string
	entries map[string]string
}

// Load reads the catalogue of a language that is one of Languages.
func Load(lang string) *Catalogue {
	content := map[string]string{"en": english, "es": spanish}[lang]
	if content == "" {
		panic("no catalogue of " + lang) // cannot be: a test loads every language
	}
	return &Catalogue{Lang: lang, entries: parse(content)}
}

// parse finds the entries. Each is a piece of the content.
func parse(content string) map[string]string {
	entries := map[string]string{}
	var key string
	begin, at := 0, 0 // of the entry's text, and of the line
	flush := func() {
		if key != "" {
			entries[key] = strings.Trim(content[begin:at], "\r\n")
		}
	}
	for line := range strings.Lines(content) {
		if head := strings.TrimRight(line, "\r\n"); strings.HasPrefix(head, "[") && strings.HasSuffix(head, "]") {
			flush()
			key, begin = head[1:len(head)-1], at+len(line)
		}
		at += len(line)
	}
	flush()
	return entries
}

// Say is the text of key. The arguments are pairs: a placeholder's name without its braces, and its value.
func (c *Catalogue) Say(key string, pairs ...any) string {
	entry, ok := c.entries[key]
	if !ok {
		return key // cannot be: a test looks for every key
	}
	if len(pairs) == 0 {
		return entry
	}
	names := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		names = append(names, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(names...).Replace(entry)
}

// Has tells whether there is a text for key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.entries[key]
	return ok
}

// All gives a copy of every text by its key.
func (c *Catalogue) All() map[string]string { return maps.Clone(c.entries) }

// Choose finds a person's language: the first of the wishes that names one we speak. A wish is a code like "es" or a
// locale like "es_ES.UTF-8"; POSIX says that the first one set decides, even where nobody speaks it.
func Choose(wishes ...string) string {
	for _, wish := range wishes {
		if wish == "" {
			continue
		}
		code, _, _ := strings.Cut(strings.ToLower(wish), "_")
		code, _, _ = strings.Cut(code, ".")
		code, _, _ = strings.Cut(code, "-")
		if slices.Contains(Languages(), code) {
			return code
		}
		return Default
	}
	return Default
}
