package openwrt

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/pkg/need"
	"buzon/firmware/pkg/tree"
)

var when = time.Unix(1_790_000_000, 0).UTC()

// router is the root of one: Debian's busybox and the little of OpenWrt that the scripts use.
type router struct{ root string }

// A router with a disk at its USB port.
const (
	flash = `/dev/root /rom squashfs ro,relatime 0 0
proc /proc proc rw 0 0
tmpfs /tmp tmpfs rw,nosuid 0 0
/dev/ubi0_1 /overlay ubifs rw,noatime 0 0
overlayfs:/overlay / overlay rw,noatime,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work 0 0
`
	disk = flash + "/dev/sda1 /mnt/sda1 ext4 rw,relatime 0 0\n"
)

func newRouter(t *testing.T, mounts string) *router {
	t.Helper()
	need.Root(t)
	need.Program(t, "busybox", "chroot")
	r := &router{t.TempDir()}
	for _, folder := range []string{"bin", "lib", "etc/config", "etc/init.d", "sbin", "usr/sbin", "usr/bin", "tmp", "mnt/sda1", "proc", "dev", "overlay/upper"} {
		if err := os.MkdirAll(filepath.Join(r.root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mknod(filepath.Join(r.root, "dev/null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		t.Fatal(err)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	r.copy(t, busybox, "bin/busybox")
	r.copy(t, "testdata/functions.sh", "lib/functions.sh")
	r.copy(t, "testdata/rc.common", "etc/rc.common")
	r.copy(t, "testdata/uci", "sbin/uci")
	r.put(t, "sbin/fw4", "#!/bin/sh\necho fw4 $* >>/tmp/calls\n[ ! -e /tmp/fw4.fails ]\n")
	r.put(t, "etc/init.d/firewall", "#!/bin/sh\necho firewall $* >>/tmp/calls\n")
	r.put(t, "etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
	r.put(t, "etc/group", "root:x:0:\n")
	r.put(t, "etc/config/network", "config interface 'lan'\n\toption ipaddr '192.168.1.1/24'\n")
	r.put(t, "proc/mounts", mounts)
	r.run(t, "/bin/busybox", "--install", "-s", "/bin")
	return r
}

func (r *router) copy(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	r.put(t, to, string(content))
}

func (r *router) put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.root, path), []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (r *router) read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (r *router) has(path string) bool {
	_, err := os.Lstat(filepath.Join(r.root, path))
	return err == nil
}

// try runs a command on the router. Both outputs come together.
func (r *router) try(t *testing.T, command ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "chroot", append([]string{r.root}, command...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *router) run(t *testing.T, command ...string) string {
	t.Helper()
	out, err := r.try(t, command...)
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, out)
	}
	return out
}

// sample is a package of a program that is quickly packed.
func sample(t *testing.T, version string) *Package {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho version "+version+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Package{Version: version, Program: program, When: when, Docs: []tree.Entry{tree.Text("THIRD-PARTY", "theirs\n")}}
}

// unpackIPK does what opkg does with a package: the files, and the scripts where opkg keeps them.
func (r *router) unpackIPK(t *testing.T, p *Package) {
	t.Helper()
	var ipk bytes.Buffer
	if err := p.WriteIPK(&ipk, Arch{"x86_64", "amd64"}); err != nil {
		t.Fatal(err)
	}
	r.put(t, "tmp/buzon.ipk", ipk.String())
	config := r.has("etc/config/buzon")
	r.run(t, "/bin/sh", "-c", `set -e
mkdir -p /tmp/ipk /usr/lib/opkg/info
tar -xzf /tmp/buzon.ipk -C /tmp/ipk
[ ! -e /etc/config/buzon ] || cp /etc/config/buzon /tmp/kept
tar -xzf /tmp/ipk/data.tar.gz -C /
[ ! -e /tmp/kept ] || mv /tmp/kept /etc/config/buzon
cd /usr/lib/opkg/info
tar -xzf /tmp/ipk/control.tar.gz
for f in control conffiles postinst prerm; do mv $f buzon.$f; done
rm -r /tmp/ipk /tmp/buzon.ipk`)
	if config && !strings.Contains(r.read(t, "usr/lib/opkg/info/buzon.conffiles"), "/etc/config/buzon") {
		t.Error("the settings are not told to be kept")
	}
}

// calls are what the scripts asked of the system since the last look.
func (r *router) calls(t *testing.T) string {
	t.Helper()
	if !r.has("tmp/calls") {
		return ""
	}
	all := strings.Join(strings.Fields(strings.ReplaceAll(r.read(t, "tmp/calls"), "\n", ", ")), " ")
	if err := os.Remove(filepath.Join(r.root, "tmp/calls")); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(all, ",")
}
