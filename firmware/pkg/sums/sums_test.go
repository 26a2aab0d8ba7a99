package sums

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"buzon/firmware/pkg/need"
)

// folder has two files and their sums.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"b.deb": "two", "a.ipk": "one"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(dir, []string{"b.deb", "a.ipk"}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run is a program in the folder.
func run(t *testing.T, dir, stdin, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestWrite(t *testing.T) {
	dir := folder(t)
	if out, err := run(t, dir, "", "sha256sum", "--strict", "-c", Name); err != nil || out != "a.ipk: OK\nb.deb: OK\n" {
		t.Errorf("sha256sum: %v: %s", err, out)
	}
	if err := Write(dir, []string{"c"}); err == nil {
		t.Error("a file that is not there has a sum")
	}
}

// Debian's minisign makes the keys and believes the signature, and no longer when an octet of the sums is another.
func TestSign(t *testing.T) {
	need.Program(t, "minisign")
	for _, tt := range []struct{ name, password string }{{name: "open key"}, {name: "key with a password", password: "secret"}} {
		dir := folder(t)
		args := []string{"-G", "-p", "key.pub", "-s", "key"}
		if tt.password == "" {
			args = append(args, "-W")
		}
		if out, err := run(t, dir, tt.password+"\n"+tt.password+"\n", "minisign", args...); err != nil {
			t.Fatalf("%s: %v: %s", tt.name, err, out)
		}
		key, err := Key(filepath.Join(dir, "key"), func() (string, error) { return tt.password, nil })
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := Sign(dir, key, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		out, err := run(t, dir, "", "minisign", "-V", "-p", "key.pub", "-m", Name)
		if err != nil || !strings.Contains(out, "Trusted comment: Buzon 1.2.3 SHA256SUMS") {
			t.Errorf("%s: %v: %s", tt.name, err, out)
		}
		before := read(t, dir, Signature)
		if err := Sign(dir, key, "1.2.3"); err != nil || !bytes.Equal(before, read(t, dir, Signature)) {
			t.Errorf("%s: another signature the second time, %v", tt.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, Name), append(read(t, dir, Name), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, dir, "", "minisign", "-V", "-p", "key.pub", "-m", Name); err == nil {
			t.Errorf("%s: other sums are believed: %s", tt.name, out)
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeyRefuses(t *testing.T) {
	_, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := minisign.EncryptKey("right", private)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	for _, tt := range []struct {
		name     string
		text     []byte
		password func() (string, error)
		want     string
	}{
		{name: "no key", text: []byte("hello\n"), want: "no secret key"},
		{name: "a wrong password", text: sealed, password: func() (string, error) { return "wrong", nil }, want: "is the password right?"},
		{name: "nobody to ask", text: sealed, password: func() (string, error) { return "", errors.New("no terminal") }, want: "no terminal"},
	} {
		if err := os.WriteFile(path, tt.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Key(path, tt.password); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
