package report

import (
	"sync"

	"buzon/internal/message"
	"buzon/internal/text"
)

// catalogues are the texts by language: read once, never changed.
var catalogues = sync.OnceValue(func() map[string]*text.Catalogue {
	all := map[string]*text.Catalogue{}
	for _, lang := range text.Languages() {
		all[lang] = text.Load(lang)
	}
	return all
})

// words are the texts in a language; any that we do not speak is English.
func words(language string) *text.Catalogue { return catalogues()[text.Choose(language)] }

// Plain is what a reply means, in one or two sentences for a person who knows nothing of mail. It is the same in reports,
// on the command line and on the page. It goes by the enhanced code (RFC 3463), without one by the code; a server's own
// words, which are for technicians, are not in it.
func Plain(language string, reply message.Reply) string {
	return words(language).Say(reasonKey(reply))
}
