package phone

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// need skips a test without a program that is not ours, or fails it where everything has to be there.
func need(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing; .ci/run tells Debian's package", name)
	}
	t.Skipf("%s is not installed; .ci/run tells Debian's package", name)
}

// program runs one and gives what it writes.
func program(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	out, err := tryProgram(in, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return out
}

func tryProgram(in []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(in)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, complaint.Bytes())
	}
	return out.Bytes(), nil
}

// ana is somebody whose settings have what formats get wrong.
func ana() Settings {
	return Settings{
		Name: `Ana "Añil" <& co> 🦉`, Address: "ana.ñ&o@example.org", Host: "mail.example.org", IMAP: 993, SMTP: 465,
		Password: "abcde-fghij-kmnpq-rstuv", Device: "Ana's phone",
	}
}
