package openwrt

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/need"
)

// The real program starts by the command that procd is told, as that user.
func TestCommand(t *testing.T) {
	need.Program(t, "unshare")
	r := newRouter(t, disk)
	target, err := build.Find("amd64")
	if err != nil {
		t.Fatal(err)
	}
	b := &build.Builder{Root: "../../..", Out: t.TempDir(), Version: "1"}
	p := sample(t, "1")
	if p.Program, err = b.Program(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	r.unpackIPK(t, p)
	r.run(t, postinst)
	_, command, _ := strings.Cut("\n"+r.read(t, "tmp/procd"), "\ncommand ")
	command, _, _ = strings.Cut(command, "\n")
	args := append([]string{"--net", "chroot", "--userspec=65532:65532", "--groups=", r.root}, strings.Fields(command)...)
	cmd := exec.CommandContext(t.Context(), "unshare", args...)
	cmd.Env = []string{"HOME=/mnt/sda1/buzon", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
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
		t.Errorf("%s does not serve: %s", command, complaint.String())
	}
	cmd.Process.Kill()
	cmd.Wait() // it was killed
	// Root's commands find the file without being told where it is.
	if out, err := r.try(t, "/usr/bin/buzon", "status"); err != nil {
		t.Errorf("buzon status: %v: %s", err, out)
	}
}
