package verdict

// override finds a reason to do less than the domain wishes.
func (v *Verdict) override(m Mail, d *DMARC) {
	if d.Wish == None {
		return
	}
	chain := v.ARC
	chain.vouch(d.Domain, m.Trust)
	switch {
	case m.Allow:
		d.yield(None, LocalPolicy, "the owner lets this mail in")
	case chain.Vouched != "":
		d.yield(None, TrustedForwarder, "arc=pass, "+chain.Vouched+" saw the author proven") // RFC 8617 §7.2.2
	case d.Record.Testing:
		d.yield(lower(d.Wish), OtherReason, "the domain tries its policy out")
	case m.Draw != nil && m.Draw(100) >= d.Record.Percent: // RFC 7489 §6.6.4
		d.yield(lower(d.Wish), SampledOut, "not among those that pct= takes")
	}
}

func (d *DMARC) yield(disposition, override, comment string) {
	d.Disposition, d.Override, d.Comment = disposition, override, comment
}

// lower is the policy one step below.
func lower(policy string) string {
	if policy == Reject {
		return Quarantine
	}
	return None
}

// Defer tells that the mail should come again (451): DNS did not answer, and
// what it would have said could decide over the mail. The reason is English.
func (v *Verdict) Defer() (reason string, yes bool) {
	if v.DMARC.Result == TempError {
		return "DMARC of " + v.DMARC.Domain + ": " + v.DMARC.Reason, true
	}
	for _, d := range v.Others {
		if d.Result == TempError && v.DMARC.Disposition != Reject {
			return "DMARC of " + d.Domain + ": " + d.Reason, true
		}
	}
	// A chain that is trusted could have saved it.
	if v.ARC.Result == TempError && v.ARC.Trusted && v.DMARC.Disposition != None && v.DMARC.Override == "" {
		return "ARC: " + v.ARC.Reason, true
	}
	// Nothing else says who it is from.
	if v.SPF.Result == TempError && v.DMARC.Result == None && !v.signed() {
		return "SPF of " + v.SPF.Domain + ": " + v.SPF.Reason, true
	}
	return "", false
}

// signed tells that some signature holds.
func (v *Verdict) signed() bool {
	for _, s := range v.DKIM {
		if s.Result == Pass {
			return true
		}
	}
	return false
}

// Temporary tells that some method, decisive or not, waits for an answer of DNS.
func (v *Verdict) Temporary() bool {
	results := []string{v.SPF.Result, v.Helo.Result, v.Reverse.Result, v.ARC.Result, v.DMARC.Result}
	for _, s := range v.DKIM {
		results = append(results, s.Result)
	}
	for _, r := range results {
		if r == TempError {
			return true
		}
	}
	return false
}
