package dns

import (
	"context"
	"errors"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// ask is the asker of lookups, by way of the wire form.
func (m *Map) ask(ctx context.Context, q question) (reply, time.Duration, bool, error) {
	fail := func(detail string) error {
		return &Error{Name: plain(q.name), Type: kindName(q.kind), Err: ErrTemporary, Detail: detail}
	}
	if err := ctx.Err(); err != nil {
		return reply{}, 0, false, fail(err.Error())
	}
	query := new(wire.Msg).SetQuestion(q.name, q.kind)
	answer := m.Reply(query)
	if answer == nil {
		return reply{}, 0, false, fail("no answer in time")
	}
	r, err := throughWire(answer)
	if err == nil {
		err = usable(&r)
	}
	if err != nil {
		return reply{}, 0, false, fail(err.Error())
	}
	return r, 0, true, nil
}

func throughWire(answer *wire.Msg) (reply, error) {
	answer.Compress = true
	b, err := answer.Pack()
	if err != nil {
		return reply{}, err
	}
	if len(b) > maxAnswer {
		return reply{}, errors.New("the answer is more than we take")
	}
	return readReply(b)
}

// Reply answers as a resolver that checks DNSSEC would. Nil is silence. AD is
// set whether or not the question asked for it.
func (m *Map) Reply(query *wire.Msg) *wire.Msg {
	answer := new(wire.Msg).SetReply(query)
	answer.RecursionAvailable = true
	if len(query.Question) != 1 || query.Opcode != wire.OpcodeQuery {
		return answer.SetRcode(query, wire.RcodeFormatError)
	}
	if opt := query.IsEdns0(); opt != nil { // RFC 6891 §7
		answer.SetEdns0(opt.UDPSize(), opt.Do())
	}
	q := question{strings.ToLower(query.Question[0].Name), query.Question[0].Qtype}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, q)
	if !m.resolve(answer, q) {
		return nil
	}
	return answer
}

// resolve fills in the answer, following aliases; false is silence.
func (m *Map) resolve(answer *wire.Msg, q question) bool {
	answer.AuthenticatedData = true
	for range 2 * maxAliases {
		answer.AuthenticatedData = answer.AuthenticatedData && m.isSecure(q.name)
		switch m.failure(q) {
		case Timeout:
			return false
		case ServFail:
			return broken(answer, wire.RcodeServerFailure)
		case Refused:
			return broken(answer, wire.RcodeRefused)
		case NoDomain:
			answer.Rcode = wire.RcodeNameError
			fallthrough
		case NoData:
			m.deny(answer, q.name)
			return true
		case Answered:
		}
		if m.take(answer, q.name, q.kind) > 0 {
			return true
		}
		if q.kind == wire.TypeCNAME || m.take(answer, q.name, wire.TypeCNAME) == 0 {
			m.miss(answer, q.name)
			return true
		}
		q.name = strings.ToLower(answer.Answer[len(answer.Answer)-1].(*wire.CNAME).Target)
	}
	return broken(answer, wire.RcodeServerFailure) // as resolvers tell a circle
}

func broken(answer *wire.Msg, code int) bool {
	answer.Answer, answer.Ns, answer.AuthenticatedData = nil, nil, false
	answer.Rcode = code
	return true
}

func (m *Map) failure(q question) Failure {
	if f, ok := m.failures[q]; ok {
		return f
	}
	return m.failures[question{name: q.name}]
}

// take puts the records of a name and type into the answer and counts them.
func (m *Map) take(answer *wire.Msg, name string, kind uint16) (n int) {
	for _, rr := range m.records[name] {
		if rr.Header().Rrtype == kind {
			answer.Answer = append(answer.Answer, wire.Copy(rr))
			n++
		}
	}
	return n
}

// miss tells NXDOMAIN from a name that is there without the type. RFC 8020 §2: a name
// with others below it is there.
func (m *Map) miss(answer *wire.Msg, name string) {
	m.deny(answer, name)
	for there := range m.records {
		if wire.IsSubDomain(name, there) {
			return
		}
	}
	answer.Rcode = wire.RcodeNameError
}

// deny adds the SOA of RFC 2308 §2: the nearest in the text, or that of a root
// that lets denials be believed for a minute.
func (m *Map) deny(answer *wire.Msg, name string) {
	for zone := name; ; zone = parent(zone) {
		for _, rr := range m.records[zone] {
			if rr.Header().Rrtype == wire.TypeSOA {
				answer.Ns = append(answer.Ns, wire.Copy(rr))
				return
			}
		}
		if zone == "." {
			break
		}
	}
	answer.Ns = append(answer.Ns, &wire.SOA{
		Hdr: wire.RR_Header{Name: ".", Rrtype: wire.TypeSOA, Class: wire.ClassINET, Ttl: 60},
		Ns:  ".", Mbox: ".", Minttl: 60,
	})
}

// isSecure: the nearest word about a name or one above it.
func (m *Map) isSecure(name string) bool {
	for zone := name; ; zone = parent(zone) {
		if secure, ok := m.secure[zone]; ok {
			return secure
		}
		if zone == "." {
			return false
		}
	}
}

func parent(name string) string {
	if i, end := wire.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}
