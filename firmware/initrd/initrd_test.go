package initrd

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"buzon/firmware/boottest"
)

func file(name, body string) File {
	return File{Name: name, Mode: 0o755, Size: int64(len(body)), Body: strings.NewReader(body)}
}

func build(t *testing.T, files ...File) []byte {
	t.Helper()
	b, err := io.ReadAll(Build(files))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpacked lists the archive as cpio(1) reads it.
func unpacked(t *testing.T, b []byte, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("busybox"); err != nil {
		boottest.Miss(t, err.Error())
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("busybox", append([]string{"cpio"}, args...)...)
	cmd.Stdin, cmd.Dir = r, t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	return string(out)
}

func TestBuild(t *testing.T) {
	b := build(t, file("init", "hello"), file("etc/ssl/ca.pem", "one"), File{Name: "dev/console", Mode: Character | 0o600, Major: 5, Minor: 1})
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(unpacked(t, b, "-t", "-v")), "\n") {
		fields := strings.Fields(line)
		names = append(names, fields[0]+" "+fields[len(fields)-1])
	}
	want := []string{"drwxr-xr-x dev", "crw------- dev/console", "drwxr-xr-x etc", "drwxr-xr-x etc/ssl", "-rwxr-xr-x etc/ssl/ca.pem", "-rwxr-xr-x init"}
	if !slices.Equal(names[:len(want)], want) {
		t.Errorf("%q", names)
	}
	if got := unpacked(t, b, "-i", "--to-stdout", "etc/ssl/ca.pem"); !strings.HasPrefix(got, "one") {
		t.Errorf("the body is %q", got)
	}
}

// The same files are the same octets, in any order.
func TestBuildAgain(t *testing.T) {
	one := build(t, file("a", "1"), file("b/c", "22"))
	two := build(t, file("b/c", "22"), file("a", "1"))
	if !bytes.Equal(one, two) {
		t.Error("not the same")
	}
}

func TestBuildRefuses(t *testing.T) {
	long := file("a", "123")
	long.Size = 4
	for what, files := range map[string][]File{
		"a name that leads out":   {file("../a", "")},
		"a name from the root":    {file("/a", "")},
		"no name":                 {file("", "")},
		"one name twice":          {file("a", ""), file("a", "")},
		"a body that is shorter":  {long},
		"a body that is too long": {{Name: "a", Size: 1 << 33}},
		"a body that fails":       {{Name: "a", Size: 1, Body: failing{}}},
	} {
		if _, err := io.ReadAll(Build(files)); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("worn out") }
