package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/text"
)

// The commands themselves are tested by the root, on the whole program.

func TestHumanSize(t *testing.T) {
	for octets, want := range map[int64]string{
		0:          "0 B",
		999:        "999 B",
		1000:       "1.0 KB",
		1024:       "1.0 KB",
		10 << 10:   "10 KB",
		1023 << 10: "1.0 MB",
		1536 << 20: "1.5 GB",
		50 << 20:   "50 MB",
		2 << 30:    "2.0 GB",
		5000 << 40: "5000 TB",
	} {
		if got := humanSize(octets); got != want {
			t.Errorf("%d: %s, want %s", octets, got, want)
		}
	}
}

// The welcome mail is one that every mail program reads, in every language.
func TestWelcomeMail(t *testing.T) {
	for _, lang := range text.Languages() {
		words := text.Load(lang)
		raw := welcomeMail(words, message.Address{Local: "ana", Domain: DemoDomain}, time.Now())
		if bytes.Count(raw, []byte("\n")) != bytes.Count(raw, []byte("\r\n")) {
			t.Errorf("%s: bare LF", lang)
		}
		if bytes.ContainsFunc(raw, func(r rune) bool { return r > 126 }) {
			t.Errorf("%s: not ASCII", lang)
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || subject != words.Say("welcome_subject") {
			t.Errorf("%s: subject %q %v", lang, subject, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil || strings.ReplaceAll(string(body), "\r\n", "\n") != words.Say("welcome_body")+"\n" {
			t.Errorf("%s: body %q %v", lang, body, err)
		}
		if _, err := m.Header.Date(); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
}

// Ctrl-C in a backup leaves nothing that looks like one.
func TestInterruptedBackup(t *testing.T) {
	folder := t.TempDir()
	desk := deskFor(t, filepath.Join(folder, "home.db"))
	if _, err := desk.storeOrNew(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	copied := filepath.Join(folder, "copy.db")
	if err := (&backupCommand{File: copied}).Run(ctx, desk); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(copied + "*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A command that does not begin a file does not make one.
func TestNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "home.db")
	var problem *cli.Problem
	if _, err := deskFor(t, path).store(t.Context()); !errors.As(err, &problem) || problem.Key != "error_no_file" {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was made")
	}
}

func deskFor(t *testing.T, path string) *Desk {
	c := cli.New(nil, func(string) string { return "" }, strings.NewReader(""), io.Discard, io.Discard)
	desk := NewDesk(c, path, Doors{Store: func(ctx context.Context) (*store.Store, error) {
		return store.Open(ctx, path, store.Options{})
	}})
	t.Cleanup(func() { desk.Close() })
	return desk
}
