package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// program is a small Buzon, quickly built for all machines.
func program(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                    "module buzon\n\ngo 1.26.0\n",
		"main.go":                   "package main\n\nimport \"buzon/internal/admin\"\n\nfunc main() { println(admin.Release()) }\n",
		"internal/admin/version.go": "package admin\n\nvar release string\n\nfunc Release() string { return release }\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// secretKey is a key without a password, as minisign -G -W makes it.
func secretKey(t *testing.T) (path string, public minisign.PublicKey) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := private.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, public
}

// contents are the files of a folder.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

// Everything for all machines: it is all there, sums and signature are right, and the second time each octet is the same.
func TestAll(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	root := program(t)
	key, public := secretKey(t)
	var made [2]map[string]string
	folder := ""
	for i := range made {
		folder = filepath.Join(t.TempDir(), "out")
		if err := run(t.Context(), []string{"-o", folder, "--version", "1.2.3", "--key", key, "--root", root}); err != nil {
			t.Fatal(err)
		}
		made[i] = contents(t, folder)
	}
	var names []string
	for name, text := range made[0] {
		names = append(names, name)
		if made[1][name] != text {
			t.Errorf("%s has other octets the second time", name)
		}
	}
	slices.Sort(names)
	for _, want := range []string{
		"SHA256SUMS", "SHA256SUMS.minisig", "THIRD-PARTY", "buzon_1.2.3_amd64.deb", "buzon_1.2.3_arm64.deb", "buzon_1.2.3_armhf.deb", "buzon_1.2.3_oci.tar",
		"buzon_1.2.3_linux_armv5.tar.gz", "buzon_1.2.3_linux_riscv64.tar.gz", "buzon_1.2.3_openwrt_386.tar.gz", "buzon_1.2.3_x86_64.ipk",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s", want)
		}
	}
	if want := 3 + 3 + 1 + 7 + 7 + 19; len(names) != want || len(made[1]) != want {
		t.Errorf("%d files, want %d: %v", len(names), want, names)
	}
	if !minisign.Verify(public, []byte(made[0]["SHA256SUMS"]), []byte(made[0]["SHA256SUMS.minisig"])) {
		t.Error("the signature is not right")
	}
	check := exec.Command("sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS")
	check.Dir = folder
	if out, err := check.CombinedOutput(); err != nil || strings.Count(made[0]["SHA256SUMS"], "\n") != len(names)-2 {
		t.Errorf("sha256sum: %v: %s", err, out)
	}
}

// Only what is asked for, of the version that the tree has.
func TestSome(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	folder := t.TempDir()
	if err := run(t.Context(), []string{"-o", folder, "--only", "static,deb", "--targets", "armv6", "--root", program(t)}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range contents(t, folder) {
		names = append(names, name)
	}
	slices.Sort(names)
	const version = "0~20260921141320"
	want := []string{"SHA256SUMS", "THIRD-PARTY", "buzon_" + version + "_armhf.deb", "buzon_" + version + "_linux_armv6.tar.gz"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

func TestRefuses(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	folder := t.TempDir()
	for _, tt := range []struct{ name, args, want string }{
		{name: "no folder", want: "-o DIR"},
		{name: "a kind that is none", args: "-o " + folder + " --only rpm", want: `"rpm"`},
		{name: "a machine that is none", args: "-o " + folder + " --targets mips", want: `"mips"`},
		{name: "a version with a dash", args: "-o " + folder + " --version 1-2", want: "is no version"},
		{name: "a version with a path", args: "-o " + folder + " --version 1/../../x", want: "is no version"},
		{name: "more than flags", args: "-o " + folder + " deb", want: "too many"},
		{name: "no source", args: "-o " + folder + " --root " + folder, want: "go list"},
	} {
		if err := run(context.Background(), strings.Fields(tt.args)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if left := contents(t, folder); len(left) > 0 {
		t.Errorf("left behind: %v", fmt.Sprint(left))
	}
}
