package openwrt

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/need"
)

// names of what is in a compressed archive, and the contents of files.
func names(t *testing.T, r io.Reader) (list []string, contents map[string]string) {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	contents = map[string]string{}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list, contents
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h.Name)
		contents[h.Name] = string(text)
	}
}

func TestIPKLayout(t *testing.T) {
	p := sample(t, "1.2.3")
	for _, arch := range Arches() {
		var ipk bytes.Buffer
		if err := p.WriteIPK(&ipk, arch); err != nil {
			t.Fatal(err)
		}
		outer, parts := names(t, &ipk)
		if !slices.Equal(outer, []string{"./debian-binary", "./data.tar.gz", "./control.tar.gz"}) || parts["./debian-binary"] != "2.0\n" {
			t.Errorf("%s: %v", arch.Name, outer)
		}
		control, texts := names(t, strings.NewReader(parts["./control.tar.gz"]))
		if !slices.Equal(control, []string{"./conffiles", "./control", "./postinst", "./prerm"}) {
			t.Errorf("%s: control has %v", arch.Name, control)
		}
		for _, want := range []string{"Package: buzon\n", "Version: 1.2.3\n", "Architecture: " + arch.Name + "\n", "Depends: libc, ca-bundle\n"} {
			if !strings.Contains(texts["./control"], want) {
				t.Errorf("%s: no %q in %q", arch.Name, want, texts["./control"])
			}
		}
		data, _ := names(t, strings.NewReader(parts["./data.tar.gz"]))
		for _, want := range []string{"./usr/bin/buzon", "./etc/init.d/buzon", "./etc/config/buzon", "./usr/lib/buzon/place", "./usr/share/doc/buzon/THIRD-PARTY"} {
			if !slices.Contains(data, want) {
				t.Errorf("%s: no %s in %v", arch.Name, want, data)
			}
		}
	}
	if got := p.IPK(Arch{"arm_cortex-a7", "armv5"}); got != "buzon_1.2.3_arm_cortex-a7.ipk" {
		t.Error(got)
	}
}

// Each architecture's target can be built, and no name is there twice.
func TestArches(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Arches() {
		if _, err := build.Find(a.Target); err != nil || seen[a.Name] {
			t.Errorf("%s: %v, twice: %v", a.Name, err, seen[a.Name])
		}
		seen[a.Name] = true
	}
	if got := len(Targets()); got != 7 {
		t.Errorf("%d targets: %v", got, Targets())
	}
}

func TestSameOctets(t *testing.T) {
	for name, write := range map[string]func(*Package, io.Writer) error{
		"ipk":     func(p *Package, w io.Writer) error { return p.WriteIPK(w, Arches()[0]) },
		"archive": func(p *Package, w io.Writer) error { return p.WriteArchive(w, "arm64") },
	} {
		var one, two bytes.Buffer
		if err := write(sample(t, "1.2.3"), &one); err != nil {
			t.Fatal(err)
		}
		if err := write(sample(t, "1.2.3"), &two); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("%s: other octets the second time", name)
		}
	}
}

// nft takes the rules in chains as those into which fw4 puts them.
func TestFirewallRules(t *testing.T) {
	need.Root(t)
	need.Program(t, "nft", "unshare")
	rules := "table inet fw4 {\nchain dstnat {\ntype nat hook prerouting priority dstnat; policy accept;\n" + file("dstnat.nft") +
		"}\nchain input {\ntype filter hook input priority filter; policy drop;\n" + file("input.nft") + "}\n}\n"
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "nft", "-c", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("nft: %v: %s", err, out)
	}
}

// The ports that are led to Buzon are all of those that it opens, and the input lets in what was led.
func TestFirewallPorts(t *testing.T) {
	source, err := os.ReadFile("../../../main.go")
	if err != nil {
		t.Fatal(err)
	}
	ports := 0
	for _, part := range strings.Split(string(source), "Standard: ")[1:] {
		number, _, _ := strings.Cut(part, ",")
		ports++
		high := map[int]string{2: "100", 3: "10", 4: "1"}[len(number)] + number
		if number == "2525" {
			high = "12525"
		}
		if !strings.Contains(file("dstnat.nft"), number+" : "+high) || !strings.Contains(file("input.nft"), high) {
			t.Errorf("port %s is not led to %s, or not let in", number, high)
		}
	}
	if ports != 10 {
		t.Errorf("%d ports in the program", ports)
	}
}
