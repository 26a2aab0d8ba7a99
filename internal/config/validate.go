package config

import (
	"fmt"
	"strings"

	"buzon/internal/message"
)

// minMessageSize is the least that a server must take.
const minMessageSize = 64 << 10 // octets, RFC 5321 §4.5.3.1.7

// Validate looks at what the kinds of the settings cannot tell.
func (s Settings) Validate() error {
	for _, rule := range []struct {
		key string
		err error
	}{
		{"server.name", s.checkServerName()},
		{"tls.key-file", s.checkKeyFile()},
		{"limits.message-size", s.checkMessageSize()},
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

// checkServerName wants a host name as RFC 5321 §4.1.1.1 wants it in greetings.
func (s Settings) checkServerName() error {
	if s.ServerName == "" {
		return nil
	}
	a, err := message.ParseAddress("postmaster@" + s.ServerName)
	if err != nil || strings.HasPrefix(a.Domain, "[") {
		return fmt.Errorf("it must be a host name such as mail.example.org")
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
