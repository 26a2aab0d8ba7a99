package verdict

import (
	"strings"
	"time"

	"buzon/internal/message"
)

// Row counts mails of one day that were judged alike, for the report to the
// domain whose record governs (RFC 7489 §7.2). Its fields are store.DMARCRow's.
type Row struct {
	Day         string // 2026-11-22, UTC
	Domain      string // whose record governs
	Record      string // as it was published
	Source      string // IP address of the client
	Author      string // domain of From
	Envelope    string // domain of the reverse-path; "" of <>
	Disposition string // what was done: None, Quarantine or Reject
	DKIM, SPF   string // Pass or Fail: aligned, as DMARC counts it
	Override    string // RFC 7489 appendix C; "" none
	Comment     string // on Override
	Auth        string // what SPF and DKIM found, a line each
	Count       int64
}

// maxAuth is how much of what SPF and DKIM found a row keeps.
const maxAuth = 1 << 10 // octets

// Rows are what the reports count of this mail: nothing where its authors'
// domains want none, or where the outcome is open, for then it comes again.
// The disposition is what Check found; the caller who did otherwise says so.
func (v *Verdict) Rows(from message.Address, now time.Time) []Row {
	var rows []Row
	if !v.Client.IsValid() {
		return nil
	}
	for _, d := range append([]DMARC{v.DMARC}, v.Others...) {
		if len(d.Record.Aggregate) == 0 || d.Result != Pass && d.Result != Fail {
			continue
		}
		rows = append(rows, Row{
			Day: now.UTC().Format(time.DateOnly), Domain: d.Source, Record: d.Record.Text, Source: v.Client.String(), Author: d.Domain,
			Envelope: asciiDomain(from.Domain), Disposition: d.Disposition, DKIM: passOrFail(d.DKIM), SPF: passOrFail(d.SPF),
			Override: d.Override, Comment: d.Comment, Auth: v.auth(), Count: 1,
		})
	}
	return rows
}

func passOrFail(ok bool) string {
	if ok {
		return Pass
	}
	return Fail
}

// auth is what the methods found: "spf DOMAIN SCOPE RESULT" and "dkim DOMAIN SELECTOR RESULT".
func (v *Verdict) auth() string {
	scope := "mfrom"
	if v.SPF.Helo {
		scope = "helo"
	}
	lines := []string{"spf " + authWord(v.SPF.Domain) + " " + scope + " " + v.SPF.Result}
	size := 0
	for _, s := range v.DKIM {
		line := "dkim " + authWord(s.Domain) + " " + authWord(s.Selector) + " " + s.Result
		if size += len(line); size < maxAuth {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// authWord is a name that has no space.
func authWord(s string) string {
	if s = strings.ReplaceAll(clean(s), " ", "_"); s == "?" {
		return "-"
	}
	return s
}
