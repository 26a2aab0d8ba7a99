package clienttest

import "testing"

const msmtprc = `
defaults
set_date_header off
set_msgid_header off
host localhost
user luis@example.test
password "{password}"
from luis@example.test
tls on
tls_trust_file {ca}

account submission
port {port submission}
tls_starttls on
auth plain

account scram
port {port submission}
tls_starttls on
auth scram-sha-256

account smtps
port {port smtps}
tls_starttls off
auth login
`

func TestMsmtp(t *testing.T) {
	need(t, "msmtp")
	t.Parallel()
	b := newBox(t)
	rc := b.write("msmtprc", b.fill(msmtprc))
	send := func(account string) func(t *testing.T, m mail, file string) {
		return func(t *testing.T, m mail, file string) {
			b.program(t, m.lf(), "msmtp", "-C", rc, "-a", account, m.to)
		}
	}
	t.Run("submission", func(t *testing.T) { b.sends(t, kinds(), send("submission")) })
	t.Run("SCRAM", func(t *testing.T) { b.sends(t, kinds()[:2], send("scram")) })
	t.Run("smtps", func(t *testing.T) { b.sends(t, kinds()[:3], send("smtps")) })
}
