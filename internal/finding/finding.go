// Package finding is what an examination of the box says: a verdict, why, and what a person can do about it. Reasons are keys
// of package text with what goes into their placeholders, so that one examination is told in every language.
package finding

import (
	"strings"
	"time"

	"buzon/internal/text"
)

// Verdict is how one check went.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Warn    Verdict = "warn" // mail flows, but something is not as it should be
	Fail    Verdict = "fail" // mail is lost, late, or not believed
	Unknown Verdict = "unknown"
)

// Phrase is a sentence in no language yet. The zero value says nothing.
type Phrase struct {
	Key  string   `json:"key,omitempty"`  // of package text
	Args []string `json:"args,omitempty"` // pairs, as text.Catalogue.Say takes them
}

// Say makes a Phrase of a key and pairs: the name of a placeholder and its value.
func Say(key string, pairs ...string) Phrase { return Phrase{Key: key, Args: pairs} }

// In is the sentence in a language; "" of the zero value.
func (p Phrase) In(c *text.Catalogue) string {
	if p.Key == "" {
		return ""
	}
	pairs := make([]any, len(p.Args))
	for i, arg := range p.Args {
		pairs[i] = arg
	}
	return c.Say(p.Key, pairs...)
}

// Equal tells whether both say the same.
func (p Phrase) Equal(o Phrase) bool {
	return p.Key == o.Key && strings.Join(p.Args, "\x00") == strings.Join(o.Args, "\x00")
}

// Finding is what one check found.
type Finding struct {
	Check   string    `json:"check"`            // "mx", "spf", …
	Domain  string    `json:"domain,omitempty"` // "" for the box
	Verdict Verdict   `json:"verdict"`
	Reason  Phrase    `json:"reason"`
	Cure    Phrase    `json:"cure,omitzero"` // what to do; says nothing where all is well
	At      time.Time `json:"at"`            // of the examination
	Since   time.Time `json:"since,omitzero"`
}

// Passed, Warned, Failed and NotKnown make findings; the doctor adds which check it was.
func Passed(reason Phrase) Finding { return Finding{Verdict: Pass, Reason: reason} }

// Warned is a finding that something should be mended some day.
func Warned(reason, cure Phrase) Finding { return Finding{Verdict: Warn, Reason: reason, Cure: cure} }

// Failed is a finding that something has to be mended.
func Failed(reason, cure Phrase) Finding { return Finding{Verdict: Fail, Reason: reason, Cure: cure} }

// NotKnown is a finding that it could not be found out.
func NotKnown(reason, cure Phrase) Finding {
	return Finding{Verdict: Unknown, Reason: reason, Cure: cure}
}

// Same tells whether two findings of one check say the same, whenever that was.
func (f Finding) Same(o Finding) bool {
	return f.Verdict == o.Verdict && f.Reason.Equal(o.Reason) && f.Cure.Equal(o.Cure)
}

// Light is the worst that matters: Fail (red), Warn (yellow), Pass (green). What could not be found out does not make it
// worse; Unknown is the light of an examination that found out nothing.
func Light(all []Finding) Verdict {
	light := Unknown
	for _, f := range all {
		if rank(f.Verdict) > rank(light) {
			light = f.Verdict
		}
	}
	return light
}

func rank(v Verdict) int {
	switch v {
	case Fail:
		return 3
	case Warn:
		return 2
	case Pass:
		return 1
	}
	return 0
}
