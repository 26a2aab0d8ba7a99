package verdict

import "encoding/xml"

// feedback is a report as RFC 7489 appendix C has it, for writing and reading.
type feedback struct {
	XMLName  xml.Name        `xml:"feedback"`
	Version  string          `xml:"version,omitempty"`
	Metadata reportMetadata  `xml:"report_metadata"`
	Policy   policyPublished `xml:"policy_published"`
	Records  []reportRecord  `xml:"record"`
}

type reportMetadata struct {
	Organization string `xml:"org_name"`
	Email        string `xml:"email"`
	ExtraContact string `xml:"extra_contact_info,omitempty"`
	ID           string `xml:"report_id"`
	Begin        int64  `xml:"date_range>begin"`
	End          int64  `xml:"date_range>end"`
}

type policyPublished struct {
	Domain string `xml:"domain"`
	ADKIM  string `xml:"adkim,omitempty"`
	ASPF   string `xml:"aspf,omitempty"`
	P      string `xml:"p"`
	SP     string `xml:"sp"`
	NP     string `xml:"np,omitempty"`
	Pct    int    `xml:"pct"`
	FO     string `xml:"fo"`
}

type reportRecord struct {
	Row         reportRow   `xml:"row"`
	Identifiers identifiers `xml:"identifiers"`
	Auth        authResults `xml:"auth_results"`
}

type reportRow struct {
	Source string          `xml:"source_ip"`
	Count  int64           `xml:"count"`
	Policy policyEvaluated `xml:"policy_evaluated"`
}

type policyEvaluated struct {
	Disposition string           `xml:"disposition"`
	DKIM        string           `xml:"dkim"`
	SPF         string           `xml:"spf"`
	Reasons     []overrideReason `xml:"reason"`
}

type overrideReason struct {
	Type    string `xml:"type"`
	Comment string `xml:"comment,omitempty"`
}

// identifiers: the sequence of the schema has envelope_from before header_from.
type identifiers struct {
	EnvelopeFrom string `xml:"envelope_from"`
	HeaderFrom   string `xml:"header_from"`
}

type authResults struct {
	DKIM []dkimAuth `xml:"dkim"`
	SPF  []spfAuth  `xml:"spf"`
}

type dkimAuth struct {
	Domain   string `xml:"domain"`
	Selector string `xml:"selector,omitempty"`
	Result   string `xml:"result"`
}

type spfAuth struct {
	Domain string `xml:"domain"`
	Scope  string `xml:"scope,omitempty"`
	Result string `xml:"result"`
}
