package openwrt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const postinst, prerm = "/usr/lib/opkg/info/buzon.postinst", "/usr/lib/opkg/info/buzon.prerm"

// What opkg does: install, upgrade, remove.
func TestOpkg(t *testing.T) {
	r := newRouter(t, disk)
	r.unpackIPK(t, sample(t, "1"))
	out := r.run(t, postinst)
	if !strings.Contains(out, "http://192.168.1.1:10080/") || !strings.Contains(out, "/var/lib/buzon/claim.txt") {
		t.Errorf("installing tells %q", out)
	}
	if got := r.calls(t); got != "enable, restart" {
		t.Errorf("installing called %s", got)
	}
	if passwd := r.read(t, "etc/passwd"); strings.Count(passwd, "\nbuzon:x:65532:65532:") != 1 {
		t.Errorf("passwd: %s", passwd)
	}
	r.runsFrom(t, "/usr/bin/buzon", "/mnt/sda1/buzon")

	r.run(t, "/bin/sh", "-c", "uci set buzon.main.data=/mnt/sda1/post")
	r.run(t, "/bin/env", "PKG_UPGRADE=1", prerm)
	r.unpackIPK(t, sample(t, "2"))
	r.run(t, "/bin/env", "PKG_UPGRADE=1", postinst)
	if got := r.calls(t); got != "stop, restart" {
		t.Errorf("upgrading called %s", got)
	}
	if passwd := r.read(t, "etc/passwd"); strings.Count(passwd, "\nbuzon:") != 1 {
		t.Errorf("passwd after the upgrade: %s", passwd)
	}
	r.runsFrom(t, "/usr/bin/buzon", "/mnt/sda1/post")

	r.put(t, "mnt/sda1/post/buzon.db", "mail")
	r.run(t, prerm)
	if got := r.calls(t); got != "disable, stop" {
		t.Errorf("removing called %s", got)
	}
	if r.read(t, "mnt/sda1/post/buzon.db") != "mail" {
		t.Error("removing took the mail")
	}
}

// runsFrom looks at what procd was told.
func (r *router) runsFrom(t *testing.T, program, folder string) {
	t.Helper()
	told := r.read(t, "tmp/procd")
	for _, want := range []string{
		"command " + program + " --data " + folder + "/buzon.db serve --ports high\n",
		"user buzon\n", "group buzon\n", "no_new_privs 1\n", "respawn 3600 5 0\n", "env HOME=" + folder + "\n",
		"+env SSL_CERT_FILE=/usr/lib/buzon/ca-certificates.crt\n", "closed\n", "reload on buzon\n",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("procd was not told %q but %q", want, told)
		}
	}
	info, err := os.Stat(filepath.Join(r.root, folder))
	if err != nil || info.Mode().Perm() != 0o700 || info.Sys().(*syscall.Stat_t).Uid != 65532 {
		t.Errorf("%s: %+v, %v", folder, info, err)
	}
	if to, err := os.Readlink(filepath.Join(r.root, "var/lib/buzon")); err != nil || to != folder {
		t.Errorf("commands look in %s, %v", to, err)
	}
}

// Without a disk it is installed, says so, and procd is told nothing; a disk that comes later starts it.
func TestDiskLater(t *testing.T) {
	r := newRouter(t, flash)
	r.unpackIPK(t, sample(t, "1"))
	out := r.run(t, postinst)
	if !strings.Contains(out, "no disk for the mail") || !strings.Contains(out, "no place for the mail yet") || r.has("tmp/procd") {
		t.Errorf("without a disk: %s; procd was told: %v", out, r.has("tmp/procd"))
	}
	r.put(t, "proc/mounts", disk)
	r.run(t, "/bin/env", "ACTION=add", "/bin/sh", "/etc/hotplug.d/mount/90-buzon")
	r.runsFrom(t, "/usr/bin/buzon", "/mnt/sda1/buzon")
	r.run(t, "/bin/sh", "-c", "uci set buzon.main.enabled=0; /etc/init.d/buzon restart")
	if r.has("tmp/procd") && strings.Contains(r.read(t, "tmp/procd"), "command") {
		t.Error("it starts though it is not enabled")
	}
}

// An image that is put together elsewhere gets the user and the link for the start; nothing is started.
func TestImageBuilder(t *testing.T) {
	r := newRouter(t, flash)
	r.unpackIPK(t, sample(t, "1"))
	cmd := exec.Command("busybox", "sh", filepath.Join(r.root, postinst))
	cmd.Env = append(os.Environ(), "IPKG_INSTROOT="+r.root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := r.calls(t); got != "enable" {
		t.Errorf("called %s", got)
	}
	if !strings.Contains(r.read(t, "etc/passwd"), "\nbuzon:") || r.has("tmp/procd") {
		t.Error("no user, or something was started")
	}
}

// The archive: the program on the disk, an update that keeps the settings, and its way out.
func TestArchive(t *testing.T) {
	r := newRouter(t, disk)
	r.archive(t, "1", "/mnt/sda1")
	r.runsFrom(t, "/mnt/sda1/bin/buzon", "/mnt/sda1/buzon")
	if r.has("usr/bin/buzon") {
		t.Error("the program is in the flash, too")
	}
	r.run(t, "/bin/sh", "-c", "uci set buzon.main.data=/mnt/sda1/post")
	r.calls(t)
	r.archive(t, "2") // where the program is stands in the settings
	r.runsFrom(t, "/mnt/sda1/bin/buzon", "/mnt/sda1/post")
	if out := r.run(t, "/mnt/sda1/bin/buzon"); out != "version 2\n" {
		t.Error(out)
	}
	r.put(t, "mnt/sda1/post/buzon.db", "mail")
	r.archive(t, "2", "--remove")
	for _, gone := range []string{"mnt/sda1/bin/buzon", "usr/lib/buzon", "etc/init.d/buzon", "etc/hotplug.d/mount/90-buzon"} {
		if r.has(gone) {
			t.Errorf("%s is there after the removal", gone)
		}
	}
	if !r.has("etc/config/buzon") || !r.has("mnt/sda1/post/buzon.db") {
		t.Error("the settings or the mail are gone")
	}
	if out, err := r.try(t, "/tmp/buzon_2_openwrt_amd64/install", "--help"); err == nil || !strings.Contains(out, "usage:") {
		t.Errorf("%s, %v", out, err)
	}
}

// archive unpacks one by busybox and runs its install.
func (r *router) archive(t *testing.T, version string, args ...string) {
	t.Helper()
	p := sample(t, version)
	var packed bytes.Buffer
	if err := p.WriteArchive(&packed, "amd64"); err != nil {
		t.Fatal(err)
	}
	r.put(t, "tmp/archive.tar.gz", packed.String())
	r.run(t, "/bin/tar", "-xzf", "/tmp/archive.tar.gz", "-C", "/tmp")
	r.run(t, append([]string{"/tmp/" + p.folder("amd64") + "/install"}, args...)...)
}

// The ports are opened by a command, not by installing, and closed with the removal. Rules that the firewall refuses go
// again.
func TestPorts(t *testing.T) {
	r := newRouter(t, disk)
	r.unpackIPK(t, sample(t, "1"))
	r.run(t, postinst)
	const ports = "/usr/lib/buzon/ports"
	if out := r.run(t, ports, "status"); out != "closed\n" {
		t.Errorf("after installing: %s", out)
	}
	r.calls(t)
	r.put(t, "tmp/fw4.fails", "")
	if out, err := r.try(t, ports, "open"); err == nil || !strings.Contains(out, "nothing was changed") || r.calls(t) != "fw4 check" {
		t.Errorf("rules that the firewall refuses: %v: %s", err, out)
	}
	if out := r.run(t, ports, "status"); out != "closed\n" {
		t.Errorf("after it was refused: %s", out)
	}
	if err := os.Remove(filepath.Join(r.root, "tmp/fw4.fails")); err != nil {
		t.Fatal(err)
	}
	r.run(t, ports, "open")
	if got := r.calls(t); got != "fw4 check, firewall reload" {
		t.Errorf("opening called %s", got)
	}
	for _, chain := range []string{"dstnat", "input"} {
		if out := r.run(t, "/bin/cat", "/usr/share/nftables.d/chain-pre/"+chain+"/buzon.nft"); out != file(chain+".nft") {
			t.Errorf("%s: %s", chain, out)
		}
	}
	if out := r.run(t, ports, "status"); out != "open\n" {
		t.Errorf("after opening: %s", out)
	}
	r.run(t, prerm)
	if got := r.calls(t); got != "disable, stop, firewall reload" {
		t.Errorf("removing called %s", got)
	}
}
