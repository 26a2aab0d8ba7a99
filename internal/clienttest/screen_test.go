package clienttest

import (
	"path/filepath"
	"strings"
	"testing"
)

// screen is a terminal in which a program runs that draws on it. tmux is the terminal.
type screen struct {
	b      *box
	t      *testing.T
	socket string
}

// onScreen starts a program, as the shell has it, on a screen. It is gone when the test ends.
func (b *box) onScreen(t *testing.T, command string) *screen {
	t.Helper()
	s := &screen{b: b, t: t, socket: filepath.Join(b.dir, "tmux")}
	b.background(t, []string{"TERM=screen"}, nil, "tmux", "-S", s.socket, "-D", "-f", "/dev/null")
	eventually(t, "tmux is there", func() (bool, string) {
		out, err := b.try(t, "", "tmux", "-N", "-S", s.socket, "new-session", "-d", "-s", "0", "-x", "120", "-y", "40", command)
		return err == nil, out
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the screen shows:\n%s", s.text())
		}
	})
	return s
}

// text is what the screen shows.
func (s *screen) text() string {
	s.t.Helper()
	out, err := s.b.try(s.t, "", "tmux", "-S", s.socket, "capture-pane", "-p", "-t", "0")
	if err != nil {
		return "no screen: " + out
	}
	return out
}

// await waits until the screen shows something.
func (s *screen) await(want string) {
	s.t.Helper()
	eventually(s.t, "the screen shows "+want, func() (bool, string) {
		text := s.text()
		return strings.Contains(text, want), text
	})
}

// awaitGone waits until the screen shows something no more.
func (s *screen) awaitGone(what string) {
	s.t.Helper()
	eventually(s.t, "the screen shows no more "+what, func() (bool, string) {
		text := s.text()
		return !strings.Contains(text, what), text
	})
}

// press presses keys, by tmux's names for them.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	s.b.program(s.t, "", "tmux", append([]string{"-S", s.socket, "send-keys", "-t", "0"}, keys...)...)
}

// enter writes a line.
func (s *screen) enter(line string) {
	s.t.Helper()
	s.b.program(s.t, "", "tmux", "-S", s.socket, "send-keys", "-t", "0", "-l", line)
	s.press("Enter")
}
