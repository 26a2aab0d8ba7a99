package page

import (
	"strings"

	"buzon/internal/arrivals"
	"buzon/internal/finding"
	"buzon/internal/gate"
	"buzon/internal/judge"
	"buzon/internal/store"
)

// fateSentence is what became of a recipient, for people.
func (r *request) fateSentence(h store.Handled) string {
	key := map[store.Fate]string{
		store.Delivered: "history_delivered", store.Relayed: "history_relayed", store.Deferred: "history_deferred",
		store.Failed: "history_failed", store.Dropped: "history_dropped",
	}[h.Fate]
	encryption := h.TLS
	if encryption == "" {
		encryption = r.say("word_unencrypted")
	}
	return r.say(key, "host", h.Host, "tls", encryption, "attempts", h.Attempts)
}

// bad tells whether it is bad news.
func badFate(f store.Fate) bool { return f == store.Failed || f == store.Deferred }

// sender is the null sender in words.
func (r *request) sender(from string) string {
	if from == "" {
		return r.say("word_this_server")
	}
	return from
}

// refusedWhy is the reason of a refusal; one that has no words yet stands as it is.
func (r *request) refusedWhy(reason string) string {
	key, ok := gate.Sentence(reason)
	if !ok {
		return reason
	}
	return r.say(key)
}

// cause is why a message went where it went, and whether it is from whom it says.
func (r *request) cause(a arrivals.Arrival) string {
	key, known := map[string]string{
		judge.CauseAllowed: "page_cause_allowed", judge.CauseBlocked: "page_cause_blocked", judge.CauseDMARC: "page_cause_dmarc",
		judge.CauseKnown: "page_cause_known", judge.CauseFilter: "page_cause_filter", judge.CauseClient: "page_cause_client",
		judge.CauseNone: "page_cause_none",
	}[a.Cause]
	if !known {
		return ""
	}
	if a.Junk && a.Cause == judge.CauseFilter {
		key = "page_cause_filter_junk"
	}
	return strings.TrimSpace(r.say(key) + " " + a.Author.In(r.words))
}

// ruleKind is what a rule is about.
func (r *request) ruleKind(kind string) string {
	return r.say(map[string]string{
		store.RuleAddress: "word_rule_address", store.RuleDomain: "word_rule_domain",
		store.RuleHost: "word_rule_host", store.RuleNetwork: "word_rule_network",
	}[kind])
}

// lightSentence is the traffic light in words.
func (r *request) lightSentence(v finding.Verdict) string {
	return r.say(map[finding.Verdict]string{
		finding.Pass: "page_light_green", finding.Warn: "page_light_yellow", finding.Fail: "page_light_red", finding.Unknown: "page_light_unknown",
	}[v])
}

// verdictWord is how a check went.
func (r *request) verdictWord(v finding.Verdict) string {
	return r.say(map[finding.Verdict]string{
		finding.Pass: "page_verdict_pass", finding.Warn: "page_verdict_warn", finding.Fail: "page_verdict_fail", finding.Unknown: "page_verdict_unknown",
	}[v])
}

// verdictClass is its colour; words say it too.
func verdictClass(v finding.Verdict) string {
	return map[finding.Verdict]string{finding.Pass: "good", finding.Warn: "warn", finding.Fail: "bad", finding.Unknown: "soft"}[v]
}

// clean is text from elsewhere on one line.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }
