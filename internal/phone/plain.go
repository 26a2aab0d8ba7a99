package phone

import (
	"strings"

	"buzon/internal/text"
)

// Plain is the settings as text in the language of c, for those who type them into a program that nothing else serves.
func Plain(s Settings, c *text.Catalogue) string {
	lines := c.Say("phone_plain", "name", s.sender(), "address", s.Address, "host", s.Host,
		"imap", s.IMAP, "smtp", s.SMTP, "password", s.Password)
	return strings.TrimSpace(lines) + "\n"
}
