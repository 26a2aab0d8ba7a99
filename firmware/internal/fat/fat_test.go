package fat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"buzon/firmware/boottest"
)

// volume writes files into a file system of a file.
func volume(t *testing.T, size int64, files []File) (path string, used int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fat")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	used, err = Write(f, Volume{Label: "TEST", Serial: 0x12345678, Size: size}, files)
	if err != nil {
		t.Fatal(err)
	}
	return path, used
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if _, err := exec.LookPath("/usr/sbin/" + name); err != nil {
			boottest.Miss(t, err.Error())
		}
		name = "/usr/sbin/" + name
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// Names of all kinds, folders larger than a cluster, empty files: others read what was written, and nothing is behind it.
func TestReadByOthers(t *testing.T) {
	for _, size := range []int64{40 << 20, 64 << 20, 128 << 20, 600 << 20} {
		content := map[string]string{
			"README.TXT": "capitals", "readme.md": "small", "Mixed.Case": "long", "a name with blanks.txt": "long", "no-extension": "long",
			".hidden": "dot", "two.dots.txt": "x", "empty": "", "ñandú.txt": "UTF-16", "exactly8.abc": "short", "over/und/er.txt": "deep",
			"thirteen13.ch": "13 characters fill an entry", "large": strings.Repeat("0123456789abcdef", 70_000),
		}
		for i := range 150 {
			content[fmt.Sprintf("many/bcm2710-rpi-%d.dtb", i)] = fmt.Sprint(i)
		}
		var files []File
		for name, text := range content {
			files = append(files, Text(name, text))
		}
		path, used := volume(t, size, files)
		if out := tool(t, "fsck.fat", "-n", path); !strings.Contains(out, fmt.Sprintf("%d files", len(content)+4)) {
			t.Errorf("%d: %s", size, out)
		}
		for name, text := range content {
			if got := tool(t, "mtype", "-i", path, "::/"+name); got != text {
				t.Errorf("%d: %s has %d octets, not %d", size, name, len(got), len(text))
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(string(b[used:]), "\x00") != "" || used > 4<<20 {
			t.Errorf("%d: something lies behind %d", size, used)
		}
	}
}

// The order in which files are named does not matter.
func TestOrder(t *testing.T) {
	a, b, c := Text("a/long name.txt", "1"), Text("b.txt", "2"), Text("a/long nahm.txt", "3")
	one, _ := volume(t, 40<<20, []File{a, b, c})
	two, _ := volume(t, 40<<20, []File{c, b, a})
	first, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(two)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("other octets, %v", err)
	}
}

func TestRefused(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "fat"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	short := File{Name: "short", Size: 10, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("123")), nil }}
	closed := File{Name: "closed", Size: 10, Open: func() (io.ReadCloser, error) { return nil, os.ErrPermission }}
	for name, c := range map[string]struct {
		size  int64
		files []File
		want  error
	}{
		"a disk too small":          {10 << 20, nil, nil},
		"too much":                  {40 << 20, []File{{Name: "x", Size: 50 << 20, Open: short.Open}}, ErrFull},
		"more than a file can be":   {8 << 30, []File{{Name: "x", Size: 4 << 30, Open: short.Open}}, nil},
		"twice":                     {40 << 20, []File{Text("a", ""), Text("a", "")}, nil},
		"twice to FAT":              {40 << 20, []File{Text("a", ""), Text("A", "")}, nil},
		"a file as a folder":        {40 << 20, []File{Text("a", ""), Text("a/b", "")}, nil},
		"a way out":                 {40 << 20, []File{Text("../a", "")}, nil},
		"a long name":               {40 << 20, []File{Text(strings.Repeat("x", 256), "")}, nil},
		"a file that ends early":    {40 << 20, []File{short}, io.ErrUnexpectedEOF},
		"a file that does not open": {40 << 20, []File{closed}, os.ErrPermission},
	} {
		if _, err := Write(f, Volume{Label: "TEST", Size: c.size}, c.files); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
