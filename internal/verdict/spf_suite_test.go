package verdict

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// The whole suite of RFC 7208, of which the library alone passes 172.
func TestRFC7208(t *testing.T) {
	cases := 0
	for _, s := range readSuite(t, "rfc7208-tests.yml") {
		resolver := s.resolver()
		for name, c := range s.tests {
			cases++
			t.Run(name, func(t *testing.T) {
				got := checkSPF(t.Context(), Mail{Resolver: spaced{resolver}, Helo: c["helo"][0]}, address(t, c["host"][0]), sender(t, c["mailfrom"][0]))
				if !slices.Contains(c["result"], got.Result) {
					t.Errorf("%s (%s), want %v", got.Result, got.Reason, c["result"])
				}
			})
		}
	}
	if cases != 203 {
		t.Errorf("%d cases", cases)
	}
}

// spaced has names with spaces, which our resolver never asks for.
type spaced struct{ *dns.Map }

func (s spaced) Addresses(ctx context.Context, host string) (dns.Answer[netip.Addr], error) {
	return s.Map.Addresses(ctx, strings.ReplaceAll(host, " ", "_space_"))
}

func address(t *testing.T, s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a.Unmap()
}

// sender is an address of the suite. What the envelope could not hold is taken as it stands.
func sender(t *testing.T, s string) message.Address {
	if s == "" {
		return message.Address{}
	}
	if a, err := message.ParseAddress(s); err == nil {
		return a
	}
	local, domain, _ := strings.Cut(s, "@")
	if local == "" { // RFC 7208 §4.3
		local = "postmaster"
	}
	return message.Address{Local: local, Domain: domain}
}

// suite is one document of the file.
type suite struct {
	tests map[string]map[string][]string // by name, by key
	zone  map[string][]suiteRecord
}

type suiteRecord struct {
	kind   string
	values []string
}

func (s suite) resolver() *dns.Map {
	m := dns.NewMap("")
	for name, records := range s.zone {
		for _, r := range records {
			add(m, name, r, records)
		}
	}
	return m
}

func add(m *dns.Map, name string, r suiteRecord, records []suiteRecord) {
	name, value := strings.ReplaceAll(name, " ", "_space_"), strings.Join(r.values, "")
	switch r.kind {
	case "TIMEOUT":
		if real := func(r suiteRecord) bool { return r.kind == "TXT" && r.values[0] != "NONE" }; !slices.ContainsFunc(records, real) {
			m.Fail(name, "", dns.Timeout)
		} // else it is the type SPF that times out, which nobody asks for
	case "CNAMELOOP":
		m.Add(name + ". CNAME " + name + ".")
	case "SPF": // stands for TXT where there is none (see the suite's head)
		texts := func(r suiteRecord) bool { return r.kind == "TXT" }
		if !slices.ContainsFunc(records, texts) && len(r.values) > 0 {
			m.Add(name + ". TXT " + zoneText(value))
		}
	case "TXT":
		if value != "NONE" {
			m.Add(name + ". TXT " + zoneText(value))
		}
	case "MX":
		m.Add(name + ". MX " + r.values[0] + " " + strings.TrimSuffix(r.values[1], ".") + ".")
	case "A", "AAAA":
		m.Add(name + ". " + r.kind + " " + value)
	default: // PTR, CNAME
		m.Add(name + ". " + r.kind + " " + strings.TrimSuffix(value, ".") + ".")
	}
}

// zoneText is a text as zone files have it.
func zoneText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if i > 0 && i%200 == 0 {
			b.WriteString(`" "`)
		}
		fmt.Fprintf(&b, `\%03d`, s[i])
	}
	return b.String() + `"`
}

// readSuite reads the file of the module for SPF: as much of YAML as it has.
func readSuite(t *testing.T, name string) []suite {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []suite
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		if s := readDocument(document); len(s.tests) > 0 {
			all = append(all, s)
		}
	}
	return all
}

func readDocument(text string) suite {
	s := suite{tests: map[string]map[string][]string{}, zone: map[string][]suiteRecord{}}
	section, name := "", ""
	for _, line := range logicalLines(text) {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")), ": ")
		key = strings.TrimSuffix(key, ":")
		switch {
		case indent == 0:
			section = key
		case indent == 2:
			name = unquote(key)
		case section == "tests":
			if s.tests[name] == nil {
				s.tests[name] = map[string][]string{}
			}
			s.tests[name][key] = readValue(value)
		case section == "zonedata":
			s.zone[name] = append(s.zone[name], suiteRecord{key, readValue(value)})
		}
	}
	return s
}

// logicalLines are lines with those that continue them (deeper than a key can be) put behind.
func logicalLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case indent > 4 && !strings.HasPrefix(trimmed, "- "):
			lines[len(lines)-1] += " " + trimmed
		default:
			lines = append(lines, line)
		}
	}
	return lines
}

// readValue is a scalar or a flow sequence.
func readValue(s string) []string {
	s = strings.TrimSpace(s)
	inner, list := strings.CutPrefix(s, "[")
	if !list {
		return []string{unquote(s)}
	}
	var all []string
	for item := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(inner), "]"), ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, unquote(item))
		}
	}
	return all
}

func unquote(s string) string {
	switch {
	case strings.HasPrefix(s, "'"):
		return strings.ReplaceAll(strings.Trim(s, "'"), "''", "'")
	case strings.HasPrefix(s, `"`):
		text, err := strconv.Unquote(strings.NewReplacer(`\0`, `\x00`).Replace(s))
		if err != nil {
			panic(s + ": " + err.Error())
		}
		return text
	}
	return s
}
