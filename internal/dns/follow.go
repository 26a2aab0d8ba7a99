package dns

import (
	"context"
	"time"

	wire "github.com/miekg/dns"
)

// maxAliases are the links of one chain of CNAME, over all questions. RFC 1034
// §3.6.2 wants none; content networks use up to five.
const maxAliases = 8

// asker answers one question. The reply is checked against the question and is
// NOERROR or NXDOMAIN; age is how long it lay in a cache, believed whether its
// AD bit is.
type asker interface {
	ask(ctx context.Context, q question) (r reply, age time.Duration, believed bool, err error)
}

// found is what a question led to.
type found struct {
	name      string    // the end of the aliases, as in question
	records   []wire.RR // at the end, of the type asked for
	code      int       // RCODE, which is about the end (RFC 6604 §3)
	aliases   int
	authentic bool
	ttl       time.Duration
}

// find asks, and follows aliases through the answer and beyond it.
func find(ctx context.Context, a asker, q question) (found, error) {
	f := found{name: q.name, authentic: true, ttl: 1<<63 - 1}
	for {
		r, age, believed, err := a.ask(ctx, question{f.name, q.kind})
		if err != nil {
			return found{}, err
		}
		f.authentic = f.authentic && believed && r.authentic
		f.code = r.code
		before := f.name
		if !f.follow(&r, q.kind) {
			return found{}, &Error{Name: plain(q.name), Type: kindName(q.kind), Err: ErrTemporary, Detail: "too many aliases"}
		}
		f.ttl = min(f.ttl, max(0, r.life()-age))
		if len(f.records) > 0 || f.name == before || r.isAll() {
			return f, nil
		}
	}
}

// follow walks the aliases of one reply from f.name on and takes the records at
// their end. Records of other names are nobody's business (RFC 2181 §5.4.1). It
// tells false when the chain is too long, as a circle is.
func (f *found) follow(r *reply, kind uint16) bool {
	for {
		next := ""
		for _, rr := range r.records {
			if name := rr.Header().Name; plain(name) != plain(f.name) {
				continue
			}
			if rr.Header().Rrtype == kind {
				f.records = append(f.records, rr)
			} else if alias, ok := rr.(*wire.CNAME); ok {
				next = alias.Target
			}
		}
		if len(f.records) > 0 || next == "" {
			return true
		}
		if f.aliases++; f.aliases > maxAliases {
			return false
		}
		f.name = plain(next) + "."
	}
}
