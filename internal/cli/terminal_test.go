package cli

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is the end of a pseudo-terminal that a program is on.
type terminal struct{ *os.File }

// onTerminal is a console on a pseudo-terminal. What is written to person was typed.
func onTerminal(t *testing.T) (c *Console, person *os.File, on terminal) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { file.Close() })
	c, _, _ = english("")
	c.In = file
	return c, person, terminal{file}
}

// echo tells whether the terminal shows what is typed.
func (on terminal) echo() bool {
	state, err := unix.IoctlGetTermios(int(on.Fd()), unix.TCGETS)
	return err == nil && state.Lflag&unix.ECHO != 0
}

func (on terminal) hide(t *testing.T) {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(on.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	state.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(on.Fd()), unix.TCSETS, state); err != nil {
		t.Fatal(err)
	}
}

func (on terminal) waitEcho(t *testing.T, want bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); on.echo() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("echo is not %v", want)
		}
	}
}
