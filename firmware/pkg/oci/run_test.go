package oci

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/need"
)

// real is the image of the real program for this machine, unpacked by hand into a folder as a runtime would.
func real(t *testing.T) (archive, root string) {
	t.Helper()
	target, err := build.Find(runtime.GOARCH)
	if err != nil {
		need.Missing(t, err.Error())
	}
	b := &build.Builder{Root: "../../..", Out: t.TempDir(), Version: "1.2.3"}
	program, err := b.Program(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	i := image(t)
	i.Programs[target.Name] = program
	octets := written(t, i)
	archive, root = filepath.Join(t.TempDir(), i.Name()), filepath.Join(t.TempDir(), "root")
	if err := os.WriteFile(archive, octets, 0o644); err != nil {
		t.Fatal(err)
	}
	contents, headers := unpacked(t, octets, target.Arch)
	for name, h := range headers { // folders first, by their depth
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, contents[name], h.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return archive, root
}

// The program serves in the image's root, read-only but for the volume, as the image's user, and ends when told.
func TestRun(t *testing.T) {
	need.Root(t)
	need.Program(t, "unshare", "mount", "chroot", "sh")
	_, root := real(t)
	data := t.TempDir()
	if err := os.Chown(data, User, User); err != nil {
		t.Fatal(err)
	}
	// What a runtime does: a read-only root with the volume in it, a network of its own whose low ports are free for all,
	// and the user without a right.
	const steps = `set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1/var/lib/buzon"
mount -o remount,bind,ro "$1"
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
exec chroot --userspec=65532:65532 --groups= "$1" /usr/bin/buzon serve`
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "sh", "-c", steps, "sh", root, data)
	cmd.Env = []string{"HOME=/var/lib/buzon", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaint strings.Builder
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	ready := false
	for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
		ready = lines.Text() == "ready"
	}
	if !ready {
		cmd.Wait() // its error says less than what it printed
		t.Fatalf("it does not serve: %s", complaint.String())
	}
	info, err := os.Stat(filepath.Join(data, "buzon.db"))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != User {
		t.Errorf("its file: %+v, %v", info, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended badly: %v: %s", err, complaint.String())
	}
}

// Debian's own tools for images read the archive and agree with it.
func TestSkopeo(t *testing.T) {
	need.Program(t, "skopeo", "umoci")
	archive, _ := real(t)
	dir := t.TempDir()
	run := func(name string, args ...string) string {
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	seen := run("skopeo", "inspect", "oci-archive:"+archive)
	for _, want := range []string{`"Architecture": "` + runtime.GOARCH + `"`, `"Os": "linux"`, `"org.opencontainers.image.version": "1.2.3~rc1"`} {
		if !strings.Contains(seen, want) {
			t.Errorf("skopeo sees no %s: %s", want, seen)
		}
	}
	run("skopeo", "copy", "oci-archive:"+archive, "oci:"+dir+"/image:one") // checks all digests on its way
	run("umoci", "unpack", "--rootless", "--image", dir+"/image:one", dir+"/bundle")
	if out := run(dir+"/bundle/rootfs/usr/bin/buzon", "version"); !strings.Contains(out, "1.2.3") {
		t.Errorf("the program that umoci unpacked: %s", out)
	}
}
