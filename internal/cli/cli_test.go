package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func english(input string) (*Console, *strings.Builder, *strings.Builder) {
	var out, err strings.Builder
	return New(nil, func(string) string { return "" }, strings.NewReader(input), &out, &err), &out, &err
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, "en"},
		{nil, map[string]string{"LANG": "es_ES.UTF-8"}, "es"},
		// The more particular wish wins.
		{nil, map[string]string{"LANG": "en_US.UTF-8", "LC_MESSAGES": "es_ES"}, "es"},
		{nil, map[string]string{"LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "es_ES"}, "es"},
		{nil, map[string]string{"LC_ALL": "en_US.UTF-8", "BUZON_LANG": "es"}, "es"},
		{[]string{"--lang", "en"}, map[string]string{"BUZON_LANG": "es"}, "en"},
		{[]string{"domain", "list", "--lang=es"}, nil, "es"},
		{[]string{"help", "--", "--lang=es"}, nil, "en"},
		{[]string{"--lang"}, nil, "en"},
	} {
		getenv := func(name string) string { return c.env[name] }
		if got := New(c.args, getenv, nil, nil, nil).Lang; got != c.want {
			t.Errorf("%q %v: %s, want %s", c.args, c.env, got, c.want)
		}
	}
}

func TestPasswordFromInput(t *testing.T) {
	for _, c := range []struct{ input, want, problem string }{
		{"a long password\nand more\n", "a long password", ""},
		{"a long password", "a long password", ""},
		{" spaces stay \r\n", " spaces stay ", ""},
		{"contraseña\n", "contraseña", ""},
		{"", "", "error_password_empty"},
		{"\n", "", "error_password_empty"},
		{"ñandú12\n", "", "error_password_short"}, // seven characters, nine octets
	} {
		console, _, _ := english(c.input)
		got, err := console.NewPassword(t.Context())
		if c.problem != "" {
			wantProblem(t, err, c.problem)
			continue
		}
		if got != c.want || err != nil {
			t.Errorf("%q: %q %v", c.input, got, err)
		}
	}
}

// A password that somebody else gave out may be short, but not missing.
func TestSecretFromInput(t *testing.T) {
	for input, want := range map[string]string{"abc\nmore\n": "abc", "a b c": "a b c", "": "", "\n": ""} {
		console, _, _ := english(input)
		got, err := console.Secret(t.Context(), "ask_relay_password")
		if want == "" {
			wantProblem(t, err, "error_password_empty")
		} else if got != want || err != nil {
			t.Errorf("%q: %q %v", input, got, err)
		}
	}
}

// A terminal does not show it either, and asks once.
func TestSecretFromTerminal(t *testing.T) {
	console, person, _ := onTerminal(t)
	fmt.Fprintln(person, "abc")
	if got, err := console.Secret(t.Context(), "ask_relay_password"); err != nil || got != "abc" {
		t.Errorf("%q %v", got, err)
	}
}

func TestTextFromInput(t *testing.T) {
	console, _, errs := english("two\nlines\n")
	if got, err := console.Text(t.Context(), "ask_vacation_text", 10); got != "two\nlines\n" || err != nil || errs.Len() > 0 {
		t.Errorf("%q %v %s", got, err, errs)
	}
	console, _, _ = english("two\nlines\n")
	_, err := console.Text(t.Context(), "ask_vacation_text", 9)
	wantProblem(t, err, "error_text_long")
}

// What is longer than a page is written in pages, as JSON in one array.
func TestStream(t *testing.T) {
	failed := errors.New("no more")
	for _, n := range []int{0, 1, pageRows, 2*pageRows + 1, -1} {
		each := func(give func(int) error) error {
			for i := range n {
				if err := give(i); err != nil {
					return err
				}
			}
			if n < 0 {
				return failed
			}
			return nil
		}
		row := func(i int) []string { return []string{fmt.Sprintf("row%d", i)} }
		console, out, errs := english("")
		err := Stream(console, false, each, "head_domains", "none_domains", row)
		wantPages, wantNote := (max(n, 0)+pageRows-1)/pageRows, n == 0
		if n < 0 != errors.Is(err, failed) || strings.Count(out.String(), "row") != max(n, 0) ||
			strings.Count(out.String(), "DOMAIN") != wantPages || (errs.Len() > 0) != wantNote {
			t.Errorf("%d rows: %v, %d of output, %q", n, err, out.Len(), errs)
		}
		console, out, _ = english("")
		err = Stream(console, true, each, "", "", row)
		var items []int
		if n >= 0 && (err != nil || json.Unmarshal([]byte(out.String()), &items) != nil || len(items) != n) {
			t.Errorf("%d rows as JSON: %v, %d items", n, err, len(items))
		}
	}
}

func wantProblem(t *testing.T, err error, key string) {
	t.Helper()
	var problem *Problem
	if !errors.As(err, &problem) || problem.Key != key {
		t.Errorf("got %v, want %s", err, key)
	}
}

// Nobody answers a pipe's question.
func TestConfirmWithoutTerminal(t *testing.T) {
	console, _, _ := english("yes\n")
	wantProblem(t, console.Confirm(t.Context(), "ask_account_remove"), "error_need_yes")
}

// A terminal does not show the password, asks for it twice, and is as before afterwards.
func TestPasswordFromTerminal(t *testing.T) {
	for _, c := range []struct{ first, again, problem string }{
		{"a long password", "a long password", ""},
		{"a long password", "another password", "error_passwords_differ"},
		{"short", "", "error_password_short"},
	} {
		console, person, _ := onTerminal(t)
		fmt.Fprintf(person, "%s\n%s\n", c.first, c.again)
		got, err := console.NewPassword(t.Context())
		if c.problem != "" {
			wantProblem(t, err, c.problem)
			continue
		}
		if got != c.first || err != nil {
			t.Errorf("%q %v", got, err)
		}
	}
}

// Ctrl-C at a hidden question leaves the terminal usable.
func TestInterruptedQuestion(t *testing.T) {
	console, person, terminal := onTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := console.NewPassword(ctx)
		asked <- err
	}()
	terminal.waitEcho(t, false)
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !terminal.echo() {
		t.Error("the terminal shows nothing any more")
	}
	// The read that was left behind must be over before another test gets its file's number: it turns echo on.
	terminal.hide(t)
	fmt.Fprintln(person)
	terminal.waitEcho(t, true)
}

func TestConfirmOnTerminal(t *testing.T) {
	for answer, yes := range map[string]bool{"yes": true, " Y ": true, "no": false, "": false, "yesterday": false} {
		console, person, _ := onTerminal(t)
		fmt.Fprintln(person, answer)
		err := console.Confirm(t.Context(), "ask_account_remove", "address", "ana@example.org", "messages", 7)
		if yes && err != nil {
			t.Errorf("%q: %v", answer, err)
		}
		if !yes {
			wantProblem(t, err, "error_not_done")
		}
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		want   string
	}{
		{nil, StatusOK, ""},
		{Fail("error_no_account", "what", "ana@example.org"), StatusFailed, "Error: There is no account ana@example.org."},
		{fmt.Errorf("wrapped: %w", Fail("error_need_yes")), StatusFailed, "Error: This removes mail for ever"},
		{Misuse("usage_choice", "flag", "--ports", "choices", "a, b"), StatusUsage, "Error: --ports must be one of: a, b"},
		{context.Canceled, StatusFailed, "Stopped."},
		{errors.New("disk on fire"), StatusFailed, "does not know why: disk on fire"},
	} {
		console, out, errs := english("")
		if got := console.Report(c.err); got != c.status || out.Len() > 0 || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%v: %d %s", c.err, got, errs)
		}
	}
}

func TestPortProblem(t *testing.T) {
	listening := func(err error) error {
		addr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25}
		return fmt.Errorf("listen: %w", &net.OpError{Op: "listen", Addr: addr, Err: os.NewSyscallError("bind", err)})
	}
	for errno, key := range map[syscall.Errno]string{
		syscall.EADDRINUSE:    "error_port_taken",
		syscall.EACCES:        "error_port_privilege",
		syscall.EADDRNOTAVAIL: "error_address_not_here",
	} {
		wantProblem(t, PortProblem(listening(errno), "--ports high"), key)
	}
	for _, other := range []error{errors.New("no port"), listening(syscall.ENOMEM)} {
		if got := PortProblem(other, ""); got != other {
			t.Errorf("%v became %v", other, got)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two three", []string{"one two", "three"}},
		{"ñññ ñññ ñññ", []string{"ñññ ñññ", "ñññ"}}, // characters, not octets
		{"incomprehensible words", []string{"incomprehensible", "words"}},
	} {
		if got := wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}
