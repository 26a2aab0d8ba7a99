package dns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// How much of one answer is kept. No mail domain known needs a quarter of it.
const (
	maxRecords = 200      // records of the type asked for, and aliases
	maxAnswer  = 32 << 10 // octets of one answer over TCP, and so of all its texts
)

// header is the fixed part of a message (RFC 1035 §4.1.1) with its question.
type header struct {
	id                        uint16
	response, truncated       bool
	authoritative, recursive  bool
	authentic                 bool
	opcode, code              int
	questions, answers, notes int // sections; notes is the authority section
	question                  question
	end                       int // where the answers begin
}

var errShort = errors.New("an answer that is no DNS message")

// readHeader reads header and question of a message that arrived.
func readHeader(b []byte) (header, error) {
	if len(b) < 12 {
		return header{}, errShort
	}
	flags := binary.BigEndian.Uint16(b[2:])
	h := header{
		id:       binary.BigEndian.Uint16(b),
		response: flags&(1<<15) != 0, opcode: int(flags>>11) & 15, authoritative: flags&(1<<10) != 0,
		truncated: flags&(1<<9) != 0, recursive: flags&(1<<7) != 0, authentic: flags&(1<<5) != 0, code: int(flags & 15),
		questions: int(binary.BigEndian.Uint16(b[4:])), answers: int(binary.BigEndian.Uint16(b[6:])),
		notes: int(binary.BigEndian.Uint16(b[8:])), end: 12,
	}
	if h.questions != 1 {
		return h, nil
	}
	name, end, err := wire.UnpackDomainName(b, h.end)
	if err != nil || end+4 > len(b) {
		return header{}, errShort
	}
	if binary.BigEndian.Uint16(b[end+2:]) == wire.ClassINET {
		h.question = question{strings.ToLower(name), binary.BigEndian.Uint16(b[end:])}
	}
	h.end = end + 4
	return h, nil
}

// answersTo tells that a message is the answer to q under the number id (RFC
// 5452 §9.1). Servers too old for EDNS refuse it without repeating the question.
func (h header) answersTo(id uint16, q question) bool {
	if !h.response || h.id != id || h.opcode != wire.OpcodeQuery {
		return false
	}
	if h.questions == 0 {
		return h.code == wire.RcodeFormatError || h.code == wire.RcodeNotImplemented
	}
	return h.questions == 1 && h.question == q
}

// reply is what is kept of an answer.
type reply struct {
	header
	records []wire.RR     // those of the type asked for and aliases, in order, at most maxRecords
	denied  bool          // the authority section says that there is no more (RFC 2308 §2)
	no      time.Duration // how long a denial may be believed (RFC 2308 §5); 0: it may not be kept
}

// readReply reads an answer record by record, so that what is not wanted is
// never built. An unreadable record of the wanted type makes all unusable.
func readReply(b []byte) (reply, error) {
	h, err := readHeader(b)
	if err != nil {
		return reply{}, err
	}
	r := reply{header: h}
	off := h.end
	for i := range h.answers + h.notes {
		if len(r.records) == maxRecords {
			return r, nil
		}
		kind, next, err := skipRecord(b, off)
		if err != nil {
			return reply{}, err
		}
		if !r.wants(kind, i < h.answers) {
			off = next
			continue
		}
		rr, _, err := wire.UnpackRR(b, off)
		if err != nil {
			return reply{}, fmt.Errorf("an unreadable record: %w", err)
		}
		r.keep(rr)
		off = next
	}
	return r, nil
}

// skipRecord tells the type of the record at off and where the next one begins.
func skipRecord(b []byte, off int) (kind uint16, next int, err error) {
	_, off, err = wire.UnpackDomainName(b, off)
	if err != nil || off+10 > len(b) {
		return 0, 0, errShort
	}
	next = off + 10 + int(binary.BigEndian.Uint16(b[off+8:]))
	if next > len(b) {
		return 0, 0, errShort
	}
	return binary.BigEndian.Uint16(b[off:]), next, nil
}

func (r *reply) wants(kind uint16, answer bool) bool {
	if answer {
		return kind == r.question.kind || kind == wire.TypeCNAME
	}
	return kind == wire.TypeSOA
}

func (r *reply) keep(rr wire.RR) {
	h := rr.Header()
	if h.Class != wire.ClassINET {
		return
	}
	if soa, ok := rr.(*wire.SOA); ok {
		r.denied = true
		r.no = min(ttl(h.Ttl), ttl(soa.Minttl))
		return
	}
	r.records = append(r.records, rr)
}

// ttl is a time to live. RFC 2181 §8: one with the top bit set is zero.
func ttl(seconds uint32) time.Duration {
	if seconds > 1<<31-1 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// life is how long the whole answer may be kept. Aliases that end in nothing
// live no longer than the denial.
func (r *reply) life() time.Duration {
	life, found := time.Duration(1<<63-1), false
	for _, rr := range r.records {
		life = min(life, ttl(rr.Header().Ttl))
		found = found || rr.Header().Rrtype == r.question.kind
	}
	if !found && r.isAll() {
		life = min(life, r.no, maxNoLife)
	}
	return life
}

// isAll tells that a reply without a record of the type asked for is a denial.
// One that ends in an alias and does not say so is only a piece of the way.
func (r *reply) isAll() bool {
	return len(r.records) == 0 || r.denied || r.code != wire.RcodeSuccess
}
