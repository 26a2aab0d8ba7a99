package clienttest

import "testing"

func TestSwaks(t *testing.T) {
	need(t, "swaks")
	t.Parallel()
	b := newBox(t)
	// What it does to a message by itself adds a line at the end, so it gets what goes over the wire.
	send := func(t *testing.T, m mail, _ string, args ...string) {
		file := b.write("data", m.stuffed()+".\r\n")
		b.program(t, "", "swaks", append([]string{"--server", "127.0.0.1", "--to", m.to, "--no-data-fixup", "--data", "@" + file}, args...)...)
	}
	t.Run("from the world", func(t *testing.T) {
		b.sends(t, kinds(), func(t *testing.T, m mail, file string) {
			send(t, m, file, "--port", b.port("smtp"), "--from", "someone@example.org")
		})
	})
	own := []string{"--from", luis, "--auth-user", luis, "--auth-password", password}
	for _, way := range []struct {
		name string
		args []string
	}{
		{"submission, PLAIN", []string{"--port", b.port("submission"), "--tls", "--auth", "PLAIN"}},
		{"submission, LOGIN", []string{"--port", b.port("submission-alt"), "--tls", "--auth", "LOGIN"}},
		{"implicit TLS", []string{"--port", b.port("smtps"), "--tls-on-connect", "--auth", "PLAIN"}},
	} {
		t.Run(way.name, func(t *testing.T) {
			b.sends(t, kinds()[:3], func(t *testing.T, m mail, file string) { send(t, m, file, append(own, way.args...)...) })
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		out, err := b.try(t, "", "swaks", "--server", "127.0.0.1", "--port", b.port("submission"), "--tls", "--to", ana,
			"--from", luis, "--auth", "PLAIN", "--auth-user", luis, "--auth-password", "wrong")
		if err == nil {
			t.Fatalf("let in:\n%s", out)
		}
	})
	t.Run("no relay", func(t *testing.T) {
		out, err := b.try(t, "", "swaks", "--server", "127.0.0.1", "--port", b.port("smtp"), "--to", "x@example.org", "--from", "y@example.org")
		if err == nil {
			t.Fatalf("an open relay:\n%s", out)
		}
	})
}
