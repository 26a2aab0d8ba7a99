package outbound

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// STSPolicy is an MTA-STS policy as it is kept between attempts.
type STSPolicy struct {
	Domain, ID, Mode string // Mode is STSEnforce, STSTesting or STSNone
	MX               []string
	MaxAge           time.Duration
	Fetched          time.Time
}

// The modes of RFC 8461 §5.
const (
	STSEnforce = "enforce"
	STSTesting = "testing" // failures are reported, mail flows
	STSNone    = "none"    // the domain has no policy any more
)

// ErrSTS is what every error about a policy's text wraps.
var ErrSTS = errors.New("not an MTA-STS policy")

const (
	maxSTSText  = 64 << 10 // octets of a policy, as RFC 8461 §3.3 suggests
	maxSTSHosts = 256      // patterns of one policy; a domain has a handful
	maxSTSAge   = 31557600 * time.Second
)

// ParseSTSPolicy reads the text of a policy (RFC 8461 §3.2). Domain, ID and Fetched are the caller's to set.
func ParseSTSPolicy(text []byte) (STSPolicy, error) {
	if len(text) > maxSTSText {
		return STSPolicy{}, fmt.Errorf("%w: longer than %d octets", ErrSTS, maxSTSText)
	}
	seen := map[string]string{}
	var p STSPolicy
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxSTSText+1)
	for lines.Scan() { // CRLF or LF, both are allowed
		if err := p.term(lines.Text(), seen); err != nil {
			return STSPolicy{}, fmt.Errorf("%w: %w", ErrSTS, err)
		}
	}
	if err := errors.Join(lines.Err(), p.finish(seen)); err != nil {
		return STSPolicy{}, fmt.Errorf("%w: %w", ErrSTS, err)
	}
	return p, nil
}

// term takes in one line. RFC 8461 §3.2: unknown keys are ignored, and of a key that comes twice the first counts, but for mx.
func (p *STSPolicy) term(line string, seen map[string]string) error {
	line = strings.Trim(line, " \t")
	if line == "" {
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	key, value = strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t")
	if !ok || !isSTSKey(key) {
		return errors.New("a line is not a key, a colon and a value")
	}
	if key != "mx" {
		if _, twice := seen[key]; !twice && (key == "version" || key == "mode" || key == "max_age") {
			seen[key] = value
		}
		return nil
	}
	if len(p.MX) == maxSTSHosts {
		return errors.New("too many mail exchangers")
	}
	pattern, err := stsPattern(value)
	p.MX = append(p.MX, pattern)
	return err
}

// isSTSKey is sts-policy-ext-name of RFC 8461 §3.2, which the known keys match too.
func isSTSKey(key string) bool {
	if key == "" || len(key) > 32 {
		return false
	}
	for i := range len(key) {
		c := key[i]
		if !isAlnum(c) && (i == 0 || c != '_' && c != '-' && c != '.') {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// stsPattern is a host or "*." and a domain, in lower case and A-labels.
func stsPattern(value string) (string, error) {
	name, wild := strings.CutPrefix(value, "*.")
	name, err := asciiName(name)
	if err != nil {
		return "", fmt.Errorf("mx %q is not a host name", value)
	}
	if wild {
		name = "*." + name
	}
	return name, nil
}

func (p *STSPolicy) finish(seen map[string]string) error {
	if seen["version"] != "STSv1" {
		return errors.New("the version is not STSv1")
	}
	p.Mode = seen["mode"]
	if p.Mode != STSEnforce && p.Mode != STSTesting && p.Mode != STSNone {
		return fmt.Errorf("unknown mode %q", p.Mode)
	}
	seconds, err := strconv.ParseUint(seen["max_age"], 10, 64)
	if err != nil || len(seen["max_age"]) > 10 { // 1*10(DIGIT)
		return fmt.Errorf("max_age %q is not a number of seconds", seen["max_age"])
	}
	p.MaxAge = time.Duration(min(seconds, uint64(maxSTSAge/time.Second))) * time.Second
	if len(p.MX) == 0 && p.Mode != STSNone {
		return errors.New("no mail exchanger is named")
	}
	return nil
}

// Allows tells whether the policy names host, an A-label name in lower case (RFC 8461 §4.1).
func (p STSPolicy) Allows(host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	for _, pattern := range p.MX {
		// A star stands for the left-most label, whole and alone (RFC 6125 §6.4.3).
		if wild, ok := strings.CutPrefix(pattern, "*."); ok && wild == parent && parent != "" {
			return true
		}
		if pattern == host {
			return true
		}
	}
	return false
}

// fresh tells whether the policy binds at now. A clock behind the one it was fetched by makes it no older.
func (p STSPolicy) fresh(now time.Time) bool {
	return p.ID != "" && now.Before(p.Fetched.Add(p.MaxAge))
}

// STSID finds the id in the texts at _mta-sts.DOMAIN. Not exactly one record means none (RFC 8461 §3.1).
func STSID(texts []string) (string, bool) {
	text, ok := oneRecord(texts, "STSv1")
	if !ok {
		return "", false
	}
	for field := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(strings.Trim(field, " \t"), "=")
		if strings.TrimRight(key, " \t") != "id" {
			continue
		}
		value = strings.TrimLeft(value, " \t")
		return value, isSTSID(value) // the first of two counts
	}
	return "", false
}

// isSTSID is sts-id of RFC 8461 §3.1.
func isSTSID(id string) bool {
	if id == "" || len(id) > 32 {
		return false
	}
	for i := range len(id) {
		if !isAlnum(id[i]) {
			return false
		}
	}
	return true
}

// oneRecord is the one text that begins with "v=VERSION;" and the rest of it, if there is exactly one.
func oneRecord(texts []string, version string) (rest string, ok bool) {
	found := 0
	for _, text := range texts {
		first, after, more := strings.Cut(text, ";")
		key, value, _ := strings.Cut(first, "=")
		if !more || strings.TrimRight(key, " \t") != "v" || strings.Trim(value, " \t") != version {
			continue
		}
		found++
		rest = after
	}
	return rest, found == 1
}
