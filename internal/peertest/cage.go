package peertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// walls are what the shell does in a new cage before the server starts. What is mounted is seen by the cage alone, and
// gone with it.
const walls = `set -e
mount --make-rprivate /
mkdir -p run spool lib
mount --bind etc /etc
mount --bind run /run
mount --bind spool /var/spool
mount --bind lib /var/lib
set +e
`

// cage is a shell and its children with mounts and process ids of their own.
type cage struct {
	shell *exec.Cmd
	ended chan struct{} // closed when no process is left
}

// openCage runs a script of the shell in dir, as root of a new cage. What it says goes to dir/log.
func openCage(dir, script string) (*cage, error) {
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o777); err != nil {
		return nil, err
	}
	out, err := os.Create(filepath.Join(dir, "log", "output"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	// The first process of the cage is the shell, which none of the servers' changes of user can free from the death signal.
	cmd := exec.Command("/bin/sh", "-c", walls+script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL, // should this test be killed
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("open a cage: %w", err)
	}
	c := &cage{shell: cmd, ended: make(chan struct{})}
	go func() { defer close(c.ended); _ = cmd.Wait() }() // how it ended is in its log
	return c, nil
}

// close kills all that is in the cage: with the first process of a PID namespace the kernel ends the others, and only
// then reports the end of the first (pid_namespaces(7)).
func (c *cage) close() {
	_ = c.shell.Process.Kill() // an error says that it has ended already
	<-c.ended
}
