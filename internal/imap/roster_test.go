package imap

import (
	"slices"
	"testing"
)

// The Backend hears who is there: the program's name at log-in and when it is said later, and the end, once, however it comes.
func TestLeave(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		named []string
		left  int64
	}{
		{"nobody logged in", []string{"a ID (\"name\" \"x\")", "b LOGIN ana wrong", "c LOGOUT"}, nil, 0},
		{"named before", []string{"a ID (\"name\" \"K-9\" \"version\" \"6\")", "b LOGIN ana secret", "c LOGOUT"}, []string{"K-9 6"}, 1},
		{"named after", []string{"a LOGIN ana secret", "b ID (\"name\" \"mutt\")", "c LOGOUT"}, []string{"", "mutt"}, 1},
		{"cut off", []string{"a LOGIN ana secret", "b SELECT INBOX", "c NOOP"}, []string{""}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			server := &Server{Backend: f}
			client := dial(t, server, nil)
			client.line()
			for _, line := range c.lines {
				client.send(t, line+"\r\n")
				for got := ""; len(got) < 2 || got[:2] != line[:2]; {
					got = client.line()
				}
			}
			client.Close()
			if err := server.Shutdown(t.Context()); err != nil { // waits for the session's end
				t.Fatal(err)
			}
			if got := f.left.Load(); got != c.left {
				t.Errorf("%d sessions left, want %d", got, c.left)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if !slices.Equal(f.named, c.named) {
				t.Errorf("named %q, want %q", f.named, c.named)
			}
		})
	}
}
