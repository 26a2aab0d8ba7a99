package verdict

import (
	"strings"

	"buzon/internal/message"
)

// maxResults is how long our field grows: with five signatures real ones have 1,500.
const maxResults = 8 << 10 // octets

// AppendHeader appends our Authentication-Results (RFC 8601 §2.2), a complete
// field, folded. serverID is our name. Whatever came from outside is made ASCII,
// bounded and quoted.
func (v *Verdict) AppendHeader(b []byte, serverID string) []byte {
	words := []string{token(asciiDomain(serverID)) + ";"}
	size := 0
	add := func(method []string) {
		for _, w := range method {
			size += len(w) + 1
		}
		if size <= maxResults {
			words[len(words)-1] = strings.TrimSuffix(words[len(words)-1], ";") + ";"
			words = append(words, method...)
		}
	}
	add(v.dmarcWords())
	add(spfWords(v.SPF))
	if !v.SPF.Helo {
		add(spfWords(v.Helo))
	}
	if len(v.DKIM) == 0 {
		add([]string{"dkim=none"})
	}
	for _, s := range v.DKIM {
		add(s.words())
	}
	add(v.arcWords())
	add(v.reverseWords())
	return message.AppendWords(b, "Authentication-Results", words...)
}

func spfWords(s SPF) []string {
	words := reason("spf="+s.Result, s.Reason)
	switch {
	case s.Helo:
		return append(words, "smtp.helo="+value(strings.TrimPrefix(s.Sender, "postmaster@")))
	case s.Sender == "":
		return words
	}
	return append(words, "smtp.mailfrom="+value(s.Sender))
}

func (s *Signature) words() []string {
	words := reason("dkim="+s.Result, s.Reason)
	for _, p := range [][2]string{{"d", s.Domain}, {"s", s.Selector}, {"a", s.Algorithm}, {"b", s.Short}} { // RFC 6008: b tells them apart
		if p[1] != "" {
			words = append(words, "header."+p[0]+"="+value(p[1]))
		}
	}
	return words
}

// dmarcWords has the policy in a comment, as RFC 7489 §11.1's examples do.
func (v *Verdict) dmarcWords() []string {
	d := v.DMARC
	words := []string{"dmarc=" + d.Result}
	if d.Source != "" {
		words = append(words, "(p="+d.Record.Policy, "sp="+d.Record.Subdomains, "dis="+d.Disposition+")")
	}
	why := d.Reason
	if d.Override != "" {
		why = d.Override + ": " + d.Comment
	}
	words = append(words, reason("", why)[1:]...)
	if d.Domain != "" {
		words = append(words, "header.from="+value(d.Domain))
	}
	return words
}

func (v *Verdict) arcWords() []string {
	words := reason("arc="+v.ARC.Result, v.ARC.Reason)
	if v.ARC.Result == Pass {
		words = append(words, "header.oldest-pass="+itoa(v.ARC.Oldest)) // RFC 8617 §10.2
	}
	if v.Client.IsValid() && v.ARC.Result != None {
		words = append(words, "smtp.remote-ip="+value(v.Client.String())) // RFC 8617 §10.2
	}
	return words
}

func (v *Verdict) reverseWords() []string {
	words := []string{"iprev=" + v.Reverse.Result}
	if name := v.Reverse.Name(); name != "" {
		words = append(words, "("+safeWord(name)+")")
	}
	if v.Client.IsValid() {
		words = append(words, "policy.iprev="+value(v.Client.String()))
	}
	return words
}

// reason is a result with its reason, where it has one.
func reason(result, why string) []string {
	if why == "" {
		return []string{result}
	}
	words := strings.Fields(clean(why))
	words[0] = `reason="` + words[0]
	words[len(words)-1] += `"`
	return append([]string{result}, words...)
}
