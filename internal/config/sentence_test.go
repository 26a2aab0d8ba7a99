package config

import (
	"testing"

	"buzon/internal/text"
)

// Whatever setting somebody gets wrong, there are words for it.
func TestSentence(t *testing.T) {
	for _, lang := range text.Languages() {
		words := text.Load(lang)
		for _, k := range Keys() {
			if !words.Has(Sentence(k)) {
				t.Errorf("%s: %s has no sentence: %s", lang, k.Name, Sentence(k))
			}
		}
	}
}
