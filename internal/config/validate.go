package config

import (
	"fmt"
	"strings"
	"time"

	"buzon/internal/message"
)

// minMessageSize is the least that a server must take.
const minMessageSize = 64 << 10 // octets, RFC 5321 §4.5.3.1.7

const (
	minWarnAfter   = 10 * time.Minute // greylisting alone takes that long
	minGiveUpAfter = time.Hour        // less would return what a restart on the other side delays
	maxGiveUpAfter = 30 * day         // longer than people remember what they wrote

	// maxConnections at once to one place: more of them from a home look like an attack.
	maxConnections = 20
)

// Validate looks at what the kinds of the settings cannot tell.
func (s Settings) Validate() error {
	for _, rule := range []struct {
		key string
		err error
	}{
		{"server.name", checkHostName(s.ServerName)},
		{"local.name", checkLocalName(s.LocalName)},
		{"tls.key-file", s.checkKeyFile()},
		{"limits.message-size", s.checkMessageSize()},
		{"send.warn-after", s.checkWarnAfter()},
		{"send.give-up-after", s.checkGiveUpAfter()},
		{"send.connections", checkConnections(s.PerDomain)},
		{"send.relay-connections", checkConnections(s.RelayConnections)},
		{"send.hello", checkHostName(s.HelloName)},
		{"cert.email", checkEmail(s.CertEmail)},
		{"cert.directory", checkURL(s.CertDirectory)},
		{"cert.staging", s.checkStaging()},
	} {
		if rule.err == nil {
			continue
		}
		k, err := Find(rule.key)
		if err != nil {
			return err
		}
		return &ValueError{Key: k, Value: k.print(&s), Reason: rule.err}
	}
	return nil
}

// checkHostName wants a host name as RFC 5321 §4.1.1.1 wants it in greetings, or none.
func checkHostName(name string) error {
	if name == "" {
		return nil
	}
	a, err := message.ParseAddress("postmaster@" + name)
	if err != nil || strings.HasPrefix(a.Domain, "[") {
		return fmt.Errorf("it must be a host name such as mail.example.org")
	}
	return nil
}

// maxLocalName leaves room for the number that a second box of the name gets; a label has 63 octets at most (RFC 1035 §2.3.4).
const maxLocalName = 60

// checkLocalName wants one label of letters, digits and hyphens.
func checkLocalName(name string) error {
	letter := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
	}
	if name == "" || len(name) > maxLocalName || strings.Trim(name, "-") != name ||
		strings.ContainsFunc(name, func(r rune) bool { return !letter(r) }) {
		return fmt.Errorf("it must be a word of letters, digits and hyphens such as buzon")
	}
	return nil
}

func (s Settings) checkKeyFile() error {
	if s.KeyFile != "" && s.CertFile == "" {
		return fmt.Errorf("set tls.cert-file first: a key is of no use without its certificate")
	}
	return nil
}

func (s Settings) checkMessageSize() error {
	largest := DefaultLimits().MessageSize
	if s.MessageSize < minMessageSize || s.MessageSize > largest {
		return fmt.Errorf("it must be from %s to %s", FormatSize(minMessageSize), FormatSize(largest))
	}
	return nil
}

// checkWarnAfter: a warning that comes after the end would never be sent.
func (s Settings) checkWarnAfter() error {
	if s.WarnAfter < minWarnAfter || s.WarnAfter >= s.GiveUpAfter {
		return fmt.Errorf("it must be at least %s and less than send.give-up-after, which is %s",
			FormatDuration(minWarnAfter), FormatDuration(s.GiveUpAfter))
	}
	return nil
}

func (s Settings) checkGiveUpAfter() error {
	if s.GiveUpAfter < minGiveUpAfter || s.GiveUpAfter > maxGiveUpAfter {
		return fmt.Errorf("it must be from %s to %s", FormatDuration(minGiveUpAfter), FormatDuration(maxGiveUpAfter))
	}
	return nil
}

func checkConnections(n int) error {
	if n < 1 || n > maxConnections {
		return fmt.Errorf("it must be from 1 to %d", maxConnections)
	}
	return nil
}
