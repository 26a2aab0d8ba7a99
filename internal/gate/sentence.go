package gate

// Sentence is the key of the words (package text) for a reason that stands in the list of refusals, also for those of others;
// ok is false for one that has none yet.
func Sentence(reason string) (key string, ok bool) {
	key, ok = map[string]string{
		Blocked: "word_refused_blocked", Listed: "word_refused_listed", Helo: "word_refused_helo", Early: "word_refused_early",
		Rate: "word_refused_rate", Errors: "word_refused_errors", Unknown: "word_refused_unknown", "dmarc": "word_refused_dmarc",
	}[reason]
	return key, ok
}
