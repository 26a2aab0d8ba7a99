package verdict

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"time"

	"buzon/internal/dkim"
	"buzon/internal/dns"
	"buzon/internal/message"
)

// Mail is what there is to judge, and by what means.
type Mail struct {
	Client netip.Addr        // the other end of the connection
	Helo   string            // the name it gave, whatever it is
	From   message.Address   // reverse-path; zero is <>
	Body   *io.SectionReader // the whole message as it arrived

	Resolver dns.Resolver
	Now      time.Time
	Draw     func(n int) int // a random number below n, for pct=; nil takes the policy whatever the chance
	Timeout  time.Duration   // for all of DNS together; 0 is 20 s

	Trust []string // domains of forwarders whose seals (ARC) the owner believes; those below them too
	Allow bool     // the owner lets this mail in whatever the author's domain wants
}

// timeout is RFC 7208 §4.6.4's least for SPF, and the time a client is kept waiting.
const timeout = 20 * time.Second

// The results of all methods, as Authentication-Results has them (RFC 8601 §2.7).
const (
	Pass      = "pass"
	Fail      = "fail"
	SoftFail  = "softfail"
	Neutral   = "neutral"
	Policy    = "policy" // it may be right, but is not good enough for us
	None      = "none"
	TempError = "temperror"
	PermError = "permerror"
)

// Verdict is what was found out.
type Verdict struct {
	Client  netip.Addr
	SPF     SPF         // of the reverse-path; of <> it is that of HELO (RFC 7208 §2.4)
	Helo    SPF         // of HELO
	Reverse dns.Reverse // the names of the client
	DKIM    []Signature // at most MaxSignatures
	ARC     ARC
	DMARC   DMARC   // of the author whose domain wants the most
	Others  []DMARC // of further authors: mail with several is rare
	Skipped int     // signatures that were not looked at
}

// Check judges a mail. Only errors of reading it are returned: whatever DNS does is a result.
func Check(ctx context.Context, m Mail) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, or(m.Timeout, timeout))
	defer cancel()
	h, err := readHeader(m.Body)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Client: m.Client.Unmap().WithZone("")}
	var chain chain
	v.DKIM, v.Skipped = parseSignatures(h)
	chain.read(h.fields)
	keys := newKeys(v.DKIM, &chain)
	authors := make([]author, len(h.authors))

	var all sync.WaitGroup
	ask := func(f func()) { all.Go(f) }
	ask(func() { v.Reverse = dns.LookupReverse(ctx, m.Resolver, v.Client) })
	ask(func() { v.Helo = checkSPF(ctx, m, v.Client, message.Address{}) })
	if !m.From.IsZero() {
		ask(func() { v.SPF = checkSPF(ctx, m, v.Client, m.From) })
	}
	for i, domain := range h.authors {
		ask(func() { authors[i] = findPolicy(ctx, m.Resolver, domain) })
	}
	for i := range keys.all {
		ask(func() { keys.all[i].look(ctx, m.Resolver) })
	}
	body, err := dkim.HashBody(io.NewSectionReader(m.Body, h.size, m.Body.Size()-h.size), toHash(v.DKIM, &chain))
	all.Wait()
	if err != nil {
		return Verdict{}, err
	}

	if m.From.IsZero() {
		v.SPF = v.Helo
	}
	for i := range v.DKIM {
		v.DKIM[i].judge(keys, h.fields, body, m.Now)
	}
	v.ARC = chain.judge(keys, h.fields, body)
	v.judgeAuthors(m, h, authors)
	return v, nil
}

// toHash are the signatures that need the hash of the body.
func toHash(signatures []Signature, c *chain) []*dkim.Signature {
	var all []*dkim.Signature
	for _, s := range signatures {
		if s.Result == "" {
			all = append(all, s.parsed)
		}
	}
	for _, set := range c.sets {
		if set.message != nil {
			all = append(all, set.message)
		}
	}
	return all
}

// or is a if it is set, else b.
func or(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}
