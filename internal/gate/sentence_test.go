package gate

import (
	"testing"

	"buzon/internal/text"
)

// What stands in the list of refusals has words, in both languages.
func TestSentence(t *testing.T) {
	for _, reason := range append(Reasons(), "dmarc") {
		key, ok := Sentence(reason)
		if counted := reason == Greylist || reason == Trouble; ok == counted {
			t.Errorf("%s: words: %t", reason, ok)
		}
		for _, lang := range text.Languages() {
			if ok && !text.Load(lang).Has(key) {
				t.Errorf("%s: no text %s", lang, key)
			}
		}
	}
	if _, ok := Sentence("something new"); ok {
		t.Error("words for what nobody knows")
	}
}
