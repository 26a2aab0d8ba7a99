package dns

import (
	"fmt"
	"strings"
	"sync"

	wire "github.com/miekg/dns"
)

// Map is the resolver of tests: the whole DNS as a short text. It answers as
// the appliance's own resolver does, through the same code, and dnstest serves
// it to other programs. Safe for concurrent use.
//
//	m := dns.NewMap(`
//		example.org        MX    10 mx.example.org.
//		mx.example.org     A     192.0.2.1
//		mx.example.org     AAAA  2001:db8::1
//		_25._tcp.mx.example.org  TLSA  3 1 1 aabb…
//		www.example.org    CNAME mx.example.org.
//		nothing.example    MX    0 .
//		1.2.0.192.in-addr.arpa   PTR mx.example.org.
//		example.org 60     TXT   "v=spf1 mx -all"
//	`)
//	m.Secure("example.org")
//	m.Fail("slow.example", "", dns.Timeout)
type Map struct {
	lookups
	mu       sync.Mutex
	records  map[string][]wire.RR // by name as in question
	secure   map[string]bool      // by name as in question
	failures map[question]Failure // kind 0: every type
	asked    []question
}

// Failure is what becomes of a question instead of its answer.
type Failure uint8

// The ways in which a name fails.
const (
	Answered Failure = iota // it does not
	NoDomain                // NXDOMAIN
	NoData                  // no record of the type
	ServFail                // as a broken signature of DNSSEC has it
	Refused
	Timeout // silence; Map itself tells it at once
)

// mapTTL is the time to live of what the text gives none, in seconds.
const mapTTL = 300

// NewMap reads a zone text as Add does. Like regexp.MustCompile it is for texts
// that are part of the program, and panics where one is wrong.
func NewMap(zone string) *Map {
	m := &Map{records: map[string][]wire.RR{}, secure: map[string]bool{}, failures: map[question]Failure{}}
	m.lookups = lookups{m}
	m.Add(zone)
	return m
}

// Add adds records, one a line: name, TTL if not 300, type, data as RFC 1035
// §5.1 has it; names count from the root with or without a final dot. It
// panics where the text is wrong.
func (m *Map) Add(zone string) {
	parser := wire.NewZoneParser(strings.NewReader(unindent(zone)), ".", "zone")
	parser.SetDefaultTTL(mapTTL)
	m.mu.Lock()
	defer m.mu.Unlock()
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := strings.ToLower(rr.Header().Name)
		m.records[name] = append(m.records[name], rr)
	}
	if err := parser.Err(); err != nil {
		panic(fmt.Sprintf("dns.Map: %v", err))
	}
}

// unindent lets the text stand indented in a test: a zone file takes a blank
// at the start of a line for "the same name".
func unindent(zone string) string {
	var b strings.Builder
	for line := range strings.Lines(zone) {
		b.WriteString(strings.TrimLeft(line, " \t"))
	}
	b.WriteByte('\n')
	return b.String()
}

// Remove forgets all records of a name.
func (m *Map) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, key(name))
}

// Secure says that answers about the name and all below it are authentic.
func (m *Map) Secure(name string) { m.setSecure(name, true) }

// Insecure takes a name, and all below it, out of a secure one above.
func (m *Map) Insecure(name string) { m.setSecure(name, false) }

func (m *Map) setSecure(name string, secure bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secure[key(name)] = secure
}

// Fail lets questions about a name fail from now on; kind is "MX", "A", … or
// "" for all. Answered ends it.
func (m *Map) Fail(name, kind string, f Failure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures[question{key(name), kindOf(kind)}] = f
}

// Asked counts the questions about a name; kind is "MX", "A", … or "" for all.
func (m *Map) Asked(name, kind string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, q := range m.asked {
		if q.name == key(name) && (kind == "" || q.kind == kindOf(kind)) {
			n++
		}
	}
	return n
}

// Questions are all questions so far, as "MX example.org".
func (m *Map) Questions() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, q := range m.asked {
		all = append(all, kindName(q.kind)+" "+plain(q.name))
	}
	return all
}

// Forget starts counting anew.
func (m *Map) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = nil
}

// key is a name as in question; it panics for one that no test can mean. The
// root is "".
func key(name string) string {
	if name == "" || name == "." {
		return "."
	}
	ascii, err := toASCII(name)
	if err != nil {
		panic(fmt.Sprintf("dns.Map: %q: %v", name, err))
	}
	return ascii + "."
}

func kindOf(kind string) uint16 {
	n, ok := wire.StringToType[kind]
	if kind != "" && !ok {
		panic(fmt.Sprintf("dns.Map: there is no type %q", kind))
	}
	return n
}
