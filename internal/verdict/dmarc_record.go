package verdict

import (
	"strconv"
	"strings"
)

// Record is what a domain publishes for DMARC (RFC 7489 §6.3).
type Record struct {
	Policy         string   // p=: "none", "quarantine" or "reject"
	Subdomains     string   // sp=; Policy where it is not there
	Missing        string   // np=, of names that do not exist (RFC 9091); Subdomains where it is not there
	StrictDKIM     bool     // adkim=s
	StrictSPF      bool     // aspf=s
	Percent        int      // pct=; 100 where it is not there
	Testing        bool     // t=y: one step less than what it asks for (DMARCbis §4.7)
	FailureOptions string   // fo=; "0" where it is not there
	Aggregate      []string // rua=, URIs as they are written
	Failures       []string // ruf=, which nobody is sent from here: they tell of people's mail
	Text           string   // as published, at most maxRecord octets
}

// The policies, and so the wishes and dispositions.
const (
	Quarantine = "quarantine"
	Reject     = "reject"
)

// maxRecord is how much of a record is kept for reports, and maxTargets how many addresses of each kind.
const (
	maxRecord  = 1024
	maxTargets = 5
)

// parseRecord reads a record; ok is false where it is none that counts.
func parseRecord(text string) (r Record, ok bool) {
	first, rest, _ := strings.Cut(text, ";")
	if name, value, _ := strings.Cut(first, "="); strings.TrimSpace(name) != "v" || strings.TrimSpace(value) != "DMARC1" { // RFC 7489 §6.3: exactly
		return Record{}, false
	}
	tags := map[string]string{}
	for pair := range strings.SplitSeq(rest, ";") {
		name, value, found := strings.Cut(pair, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := tags[name]; found && !twice {
			tags[name] = strings.TrimSpace(value)
		}
	}
	r = Record{Percent: 100, FailureOptions: "0", Text: text[:min(len(text), maxRecord)]}
	r.Aggregate, r.Failures = targets(tags["rua"]), targets(tags["ruf"])
	if r.Policy = policyWord(tags["p"]); r.Policy == "" {
		if len(r.Aggregate) == 0 { // RFC 7489 §6.6.3 (6)
			return Record{}, false
		}
		r.Policy = None
		delete(tags, "sp")
		delete(tags, "np")
	}
	r.Subdomains = firstOf(policyWord(tags["sp"]), r.Policy)
	r.Missing = firstOf(policyWord(tags["np"]), r.Subdomains)
	r.StrictDKIM = strings.EqualFold(tags["adkim"], "s")
	r.StrictSPF = strings.EqualFold(tags["aspf"], "s")
	r.Testing = strings.EqualFold(tags["t"], "y")
	r.FailureOptions = firstOf(tags["fo"], "0")
	if n, err := strconv.Atoi(tags["pct"]); err == nil && n >= 0 && n <= 100 {
		r.Percent = n
	}
	return r, true
}

// policyWord is a policy that is known, or "".
func policyWord(s string) string {
	switch s = strings.ToLower(s); s {
	case None, Quarantine, Reject:
		return s
	}
	return ""
}

func targets(list string) []string {
	var all []string
	for uri := range strings.SplitSeq(list, ",") {
		if uri = strings.TrimSpace(uri); uri != "" && len(all) < maxTargets {
			all = append(all, uri)
		}
	}
	return all
}

// firstOf is the first text that says something.
func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
