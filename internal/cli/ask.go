package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// minPassword is the least number of characters of a password: a mail server on the internet is guessed at all day.
const minPassword = 8

// NewPassword asks for a password twice, unseen; where input is no terminal its first line is the password.
func (c *Console) NewPassword(ctx context.Context) (string, error) {
	fd, ok := c.terminal()
	if !ok {
		return c.passwordLine(ctx)
	}
	first, err := c.hidden(ctx, fd, "ask_password")
	if err != nil {
		return "", err
	}
	if err := checkPassword(first); err != nil {
		return "", err
	}
	again, err := c.hidden(ctx, fd, "ask_password_again")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", Fail("error_passwords_differ")
	}
	return first, nil
}

func (c *Console) passwordLine(ctx context.Context) (string, error) {
	line, err := c.line(ctx)
	if err != nil {
		return "", err
	}
	return line, checkPassword(line)
}

// Secret asks once, unseen, for a password that somebody else gave out; where input is no terminal it is its first line.
func (c *Console) Secret(ctx context.Context, key string) (string, error) {
	ask := c.line
	if fd, ok := c.terminal(); ok {
		ask = func(ctx context.Context) (string, error) { return c.hidden(ctx, fd, key) }
	}
	secret, err := ask(ctx)
	if err == nil && secret == "" {
		err = Fail("error_password_empty")
	}
	return secret, err
}

// Text reads all of the input, of which there may be most octets; a person at a terminal is told what is asked for.
func (c *Console) Text(ctx context.Context, key string, most int64) (string, error) {
	if _, ok := c.terminal(); ok {
		c.Note(key)
	}
	text, err := await(ctx, func() (string, error) {
		b, err := io.ReadAll(io.LimitReader(c.In, most+1))
		return string(b), err
	})
	if err == nil && int64(len(text)) > most {
		err = Fail("error_text_long", "most", most)
	}
	return text, err
}

func checkPassword(password string) error {
	switch {
	case password == "":
		return Fail("error_password_empty")
	case utf8.RuneCountInString(password) < minPassword:
		return Fail("error_password_short", "least", minPassword)
	}
	return nil
}

// Confirm asks a question that is answered with yes or no. Where nobody can answer it is the error that names --yes.
func (c *Console) Confirm(ctx context.Context, key string, pairs ...any) error {
	if _, ok := c.terminal(); !ok {
		return Fail("error_need_yes")
	}
	fmt.Fprint(c.Err, c.Say(key, pairs...), " ")
	answer, err := c.line(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(strings.Fields(c.Say("answer_yes")), strings.ToLower(strings.TrimSpace(answer))) {
		return Fail("error_not_done")
	}
	return nil
}

// terminal tells whether a person can be asked.
func (c *Console) terminal() (fd int, ok bool) {
	f, ok := c.In.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// hidden reads a line that the terminal does not show, and leaves the terminal as it was even if Ctrl-C comes first.
func (c *Console) hidden(ctx context.Context, fd int, key string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	defer term.Restore(fd, before)
	fmt.Fprint(c.Err, c.Say(key), " ")
	defer fmt.Fprintln(c.Err)
	return await(ctx, func() (string, error) {
		b, err := term.ReadPassword(fd)
		return string(b), err
	})
}

// line reads one line of input without its end. The end of input is an empty line.
func (c *Console) line(ctx context.Context) (string, error) {
	if c.lines == nil {
		c.lines = bufio.NewReader(c.In)
	}
	return await(ctx, func() (string, error) {
		line, err := c.lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	})
}

// await reads until ctx is over. A read of a terminal cannot be interrupted, so it is left behind: the program ends then.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
