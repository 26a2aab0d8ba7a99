package verdict

import "buzon/internal/dns"

// Reason is one sentence for people: a key of package text and the pairs that
// its placeholders take.
type Reason struct {
	Key  string
	Args []any
}

// Reasons tells a person what was found, the decisive first. None is about what
// is merely missing, but where nothing proves the author at all.
func (v *Verdict) Reasons() []Reason {
	reasons := v.authorReasons()
	if key := spfKey(v.SPF.Result); key != "" && v.SPF.Domain != "" {
		reasons = append(reasons, Reason{key, []any{"domain", v.SPF.Domain, "address", v.Client.String()}})
	}
	for _, s := range v.DKIM {
		reasons = append(reasons, s.reasons()...)
	}
	reasons = append(reasons, v.chainReasons()...)
	return append(reasons, v.clientReasons()...)
}

func (v *Verdict) authorReasons() []Reason {
	d := v.DMARC
	about := []any{"domain", d.Domain}
	switch d.Result {
	case Pass:
		return []Reason{{"verdict_author_proven", about}}
	case TempError:
		return []Reason{{"verdict_author_open", about}}
	case PermError:
		return []Reason{{"verdict_author_odd", nil}}
	case None:
		if d.Domain == "" {
			return []Reason{{"verdict_author_unnamed", nil}}
		}
		return []Reason{{"verdict_author_silent", about}}
	}
	reasons := []Reason{{wishKey(d.Wish), about}}
	switch d.Override {
	case TrustedForwarder:
		reasons = append(reasons, Reason{"verdict_trusted_forwarder", []any{"forwarder", v.ARC.Vouched}})
	case LocalPolicy:
		reasons = append(reasons, Reason{"verdict_allowed", nil})
	case OtherReason:
		reasons = append(reasons, Reason{"verdict_policy_tried", about})
	case SampledOut:
		reasons = append(reasons, Reason{"verdict_policy_sampled", []any{"domain", d.Domain, "percent", d.Record.Percent}})
	}
	return reasons
}

func wishKey(wish string) string {
	switch wish {
	case Reject:
		return "verdict_author_refused"
	case Quarantine:
		return "verdict_author_suspect"
	}
	return "verdict_author_unproven"
}

func spfKey(result string) string {
	switch result {
	case Pass:
		return "verdict_spf_pass"
	case Fail:
		return "verdict_spf_fail"
	case SoftFail:
		return "verdict_spf_softfail"
	case TempError:
		return "verdict_spf_open"
	case PermError:
		return "verdict_spf_broken"
	}
	return ""
}

func (s *Signature) reasons() []Reason {
	about := []any{"domain", s.Domain}
	switch s.Result {
	case Pass:
		if s.Weak {
			return []Reason{{"verdict_dkim_pass", about}, {"verdict_dkim_weak", append(about, "bits", s.Bits)}}
		}
		return []Reason{{"verdict_dkim_pass", about}}
	case Fail:
		return []Reason{{"verdict_dkim_fail", about}}
	case TempError:
		return []Reason{{"verdict_dkim_open", about}}
	}
	return []Reason{{"verdict_dkim_useless", append(about, "why", s.Reason)}}
}

func (v *Verdict) chainReasons() []Reason {
	about := []any{"forwarder", v.ARC.Sealer}
	switch v.ARC.Result {
	case Pass:
		return []Reason{{"verdict_arc_pass", about}}
	case Fail:
		return []Reason{{"verdict_arc_fail", nil}}
	}
	return nil
}

func (v *Verdict) clientReasons() []Reason {
	about := []any{"address", v.Client.String(), "name", v.Reverse.Name()}
	switch v.Reverse.Result {
	case dns.ReversePass:
		return []Reason{{"verdict_client_named", about}}
	case dns.ReverseFail:
		return []Reason{{"verdict_client_false", about[:2]}}
	case dns.ReversePermError:
		return []Reason{{"verdict_client_unnamed", about[:2]}}
	}
	return nil
}
