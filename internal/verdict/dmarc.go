package verdict

// DMARC is what became of one author's domain (RFC 7489 §6.6.2).
type DMARC struct {
	Result string // Pass, Fail, None, TempError or PermError
	Reason string // English
	Domain string // the author's, A-labels; "" there is none
	Source string // the domain whose record governs; "" none
	Record Record // of Source
	DKIM   bool   // a signature that holds is of the author's domain
	SPF    bool   // the reverse-path that SPF passes is

	Wish        string // what the record asks for the mail: None, Quarantine or Reject
	Disposition string // what to do of it once Override was heard
	Override    string // why not what is wished, by RFC 7489 appendix C; "" there is no reason
	Comment     string // on Override; English
}

// The reasons to override (RFC 7489 appendix C, PolicyOverrideType).
const (
	SampledOut       = "sampled_out"
	TrustedForwarder = "trusted_forwarder"
	LocalPolicy      = "local_policy"
	OtherReason      = "other"
)

// judgeAuthors judges every domain in From and puts the one that wants the most
// first (RFC 7489 §6.6.1).
func (v *Verdict) judgeAuthors(m Mail, h header, authors []author) {
	var all []DMARC
	for _, a := range authors {
		all = append(all, v.judgeAuthor(m, a))
	}
	switch {
	case h.cut, h.from > 1, len(authors) > maxAuthors:
		// Whoever writes so hides who will be shown as the author: no single
		// domain can vouch for it, and none asked for more than suspicion.
		all = append(all, oddAuthor(m, oddHeader(h)))
	case len(all) == 0:
		all = append(all, DMARC{Result: None, Reason: "From names no domain", Wish: None, Disposition: None})
	}
	worst := 0
	for i, d := range all {
		if severity(d) > severity(all[worst]) {
			worst = i
		}
	}
	v.DMARC = all[worst]
	v.Others = append(all[:worst:worst], all[worst+1:]...)
	v.ARC.vouch(v.DMARC.Domain, m.Trust)
}

func oddAuthor(m Mail, why string) DMARC {
	d := DMARC{Result: PermError, Reason: why, Wish: None, Disposition: Quarantine, Override: LocalPolicy, Comment: why}
	if m.Allow {
		d.yield(None, LocalPolicy, "the owner lets this mail in")
	}
	return d
}

func oddHeader(h header) string {
	switch {
	case h.cut:
		return "the header is longer than is examined"
	case h.from > 1:
		return "there is more than one From"
	}
	return "From names too many domains"
}

// severity orders results by what becomes of the mail; of those alike, a failure counts more.
func severity(d DMARC) int {
	weight := map[string]int{None: 0, Quarantine: 10, Reject: 20}[d.Disposition]
	if d.Result == TempError {
		weight = 15 // it may turn out to be a reject
	}
	return weight + map[string]int{None: 0, Pass: 1, PermError: 2, Fail: 3}[d.Result]
}

func (v *Verdict) judgeAuthor(m Mail, a author) DMARC {
	d := DMARC{Domain: a.domain, Source: a.source, Record: a.record, Wish: None, Disposition: None}
	switch {
	case a.err != nil:
		d.Result, d.Reason = TempError, plainError(a.err)
		return d
	case a.source == "":
		d.Result = None
		if a.several {
			d.Reason = "there is more than one record"
		}
		return d
	}
	unsure := v.align(&d)
	if d.DKIM || d.SPF {
		d.Result = Pass
		return d
	}
	d.Wish = wish(a)
	if unsure && d.Wish != None { // it might have passed: nobody is refused for that
		d.Result, d.Reason, d.Wish = TempError, "DNS did not answer about what could prove it", None
		return d
	}
	d.Result, d.Reason = Fail, "neither SPF nor DKIM proves the author's domain"
	d.Disposition = d.Wish
	v.override(m, &d)
	return d
}

// align looks what proves the author's domain (RFC 7489 §3.1). unsure tells that DNS left open whether more does.
func (v *Verdict) align(d *DMARC) (unsure bool) {
	if aligned(v.SPF.Domain, d.Domain, d.Record.StrictSPF) {
		d.SPF = v.SPF.Result == Pass
		unsure = v.SPF.Result == TempError
	}
	for _, s := range v.DKIM {
		if aligned(s.Domain, d.Domain, d.Record.StrictDKIM) {
			d.DKIM = d.DKIM || s.Result == Pass
			unsure = unsure || s.Result == TempError
		}
	}
	return unsure
}

// wish is the policy for the domain (RFC 7489 §6.3, RFC 9091 §3.2).
func wish(a author) string {
	switch {
	case a.domain == a.source:
		return a.record.Policy
	case a.missing:
		return a.record.Missing
	}
	return a.record.Subdomains
}
