package phone

import (
	"strings"
	"testing"

	"buzon/internal/message"
	"buzon/internal/text"
)

func TestSettingsAsText(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "Your name: ana\nMail address: ana@example.org\nUser name: ana@example.org\nPassword of this device: abc\n\nIncoming mail: IMAP\n" +
			"  Server: mail.example.org\n  Port: 993\n  Security: SSL/TLS\nOutgoing mail: SMTP\n  Server: mail.example.org\n  Port: 465\n",
		"es": "Correo saliente: SMTP\n  Servidor: mail.example.org\n  Puerto: 465\n  Seguridad: SSL/TLS\n",
	} {
		s := New("", message.Address{Local: "ana", Domain: "example.org"}, "mail.example.org")
		s.Password = "abc"
		if got := Plain(s, text.Load(lang)); !strings.Contains(got, want) || !strings.HasSuffix(got, "\n") || strings.Contains(got, "{") {
			t.Errorf("%s: %s", lang, got)
		}
	}
}
