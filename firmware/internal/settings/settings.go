// Package settings reads settings.txt, which the owner may put into the folder buzon/ of the card: lines of a name, "=" and
// a value. What stands after "#" is a remark.
//
// Invariants: any octets give settings and a list of what was not understood; a line that is wrong changes nothing, and the
// others count all the same. Files as Windows writes them, with a byte order mark, in UTF-16 or with CR LF, are read.
package settings

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Settings are what the owner decided. The zero value is what counts without a file: everything by itself.
type Settings struct {
	Hostname  string         // one label, in lower case; "" is "buzon"
	Addresses []netip.Prefix // static ones; none is DHCP
	Gateways  []netip.Addr   // the first one of each family counts
	DNS       []netip.Addr   // "" is what the network says
	Time      []string       // host:port of time servers
	Language  string         // of the console: "en" or "es"; "" is English
	Rescue    bool           // do not start Buzon, write what is known into rescue.txt
	Watchdog  bool           // false: leave the watchdog alone
}

// Problem is a line that was not understood, in words of internal/text.
type Problem struct {
	Line int
	Key  string
	Args []string // pairs
}

// Largest is the most that is read of a file, in octets.
const Largest = 64 << 10

// most of addresses, servers and so on, in one file
const most = 8

// Default is what counts without a file.
func Default() Settings { return Settings{Watchdog: true} }

// Parse reads a file.
func Parse(file []byte) (Settings, []Problem) {
	p := parser{Settings: Default()}
	for i, line := range strings.Split(decode(file), "\n") {
		p.line = i + 1
		p.read(line)
	}
	p.line = 0
	if len(p.Gateways) > 0 && len(p.Addresses) == 0 {
		p.complain("box_settings_gateway_alone")
		p.Gateways = nil
	}
	return p.Settings, p.problems
}

type parser struct {
	Settings
	line     int
	problems []Problem
}

func (p *parser) complain(key string, args ...string) {
	p.problems = append(p.problems, Problem{Line: p.line, Key: key, Args: args})
}

func (p *parser) read(line string) {
	line, _, _ = strings.Cut(line, "#")
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	name, value, found := strings.Cut(line, "=")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"'`)
	if !found {
		p.complain("box_settings_no_equals", "line", shown(line))
		return
	}
	if value == "" {
		return // a name that was left empty, as in an example
	}
	switch name {
	case "hostname":
		p.hostname(value)
	case "address":
		each(p, value, &p.Addresses, "box_settings_address", prefix)
	case "gateway":
		each(p, value, &p.Gateways, "box_settings_gateway", netip.ParseAddr)
	case "dns":
		each(p, value, &p.DNS, "box_settings_dns", netip.ParseAddr)
	case "time":
		each(p, value, &p.Time, "box_settings_time", timeServer)
	case "language":
		p.language(value)
	case "rescue":
		p.yesOrNo(&p.Rescue, name, value)
	case "watchdog":
		p.yesOrNo(&p.Watchdog, name, value)
	default:
		p.complain("box_settings_unknown", "name", shown(name))
	}
}

// each takes all values of a list, or none of them.
func each[T any](p *parser, value string, to *[]T, key string, parse func(string) (T, error)) {
	var all []T
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' }) {
		one, err := parse(part)
		if err != nil || len(all) == most {
			p.complain(key, "value", shown(part))
			return
		}
		all = append(all, one)
	}
	*to = all
}

// prefix is an address and how much of it the network has: without that nothing can be reached.
func prefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err == nil && (p.Bits() == 0 || p.Addr().IsUnspecified() || p.Addr().IsMulticast() || p.Addr().Is4In6()) {
		return p, strconv.ErrRange
	}
	return p, err
}

// timeServer puts the port in that is not named.
func timeServer(s string) (string, error) {
	if host, port, err := net.SplitHostPort(s); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || !isHost(host) {
			return "", strconv.ErrSyntax
		}
		return s, nil
	}
	if !isHost(s) {
		return "", strconv.ErrSyntax
	}
	return net.JoinHostPort(s, "123"), nil
}

func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(strings.ToLower(label)) {
			return false
		}
	}
	return len(s) <= 253
}

// isLabel tells whether s can be one part of a host's name (RFC 1123 §2.1).
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// hostname takes "buzon" and "buzon.local", which are the same.
func (p *parser) hostname(value string) {
	name := strings.TrimSuffix(strings.ToLower(value), ".local")
	if !isLabel(name) {
		p.complain("box_settings_hostname", "value", shown(value))
		return
	}
	p.Hostname = name
}

func (p *parser) language(value string) {
	if value = strings.ToLower(value); value != "en" && value != "es" {
		p.complain("box_settings_language", "value", shown(value))
		return
	}
	p.Language = value
}

func (p *parser) yesOrNo(to *bool, name, value string) {
	switch strings.ToLower(value) {
	case "yes", "true", "on", "1", "si", "sí":
		*to = true
	case "no", "false", "off", "0":
		*to = false
	default:
		p.complain("box_settings_yes_no", "name", name, "value", shown(value))
	}
}
