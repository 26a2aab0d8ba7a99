package cli

import (
	"context"
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
