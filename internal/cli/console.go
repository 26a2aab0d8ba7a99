// Package cli is how Buzon speaks with a person on the terminal: their language, the help page, questions and passwords,
// tables and JSON, and errors that say what to do. It knows no command.
package cli

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"buzon/internal/text"
)

// Console is the terminal, or whatever takes its place, and the person's language.
type Console struct {
	*text.Catalogue
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
	Args []string // without the program's name

	lines *bufio.Reader // of In, made at the first question
}

// System is the console of this process, in the language of its arguments and environment.
func System(args []string) *Console {
	return New(args, os.Getenv, os.Stdin, os.Stdout, os.Stderr)
}

// New makes a console. getenv tells the environment.
func New(args []string, getenv func(string) string, in io.Reader, out, err io.Writer) *Console {
	lang := text.Choose(langFlag(args), getenv("BUZON_LANG"), getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	return &Console{Catalogue: text.Load(lang), In: in, Out: out, Err: err, Args: args}
}

// langFlag finds --lang before the command line is understood, because the errors of understanding have a language too.
func langFlag(args []string) string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			return value
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// Println writes the text of key as a line of output.
func (c *Console) Println(key string, pairs ...any) {
	fmt.Fprintln(c.Out, c.Say(key, pairs...))
}

// Note writes the text of key beside the output, where a pipe does not catch it.
func (c *Console) Note(key string, pairs ...any) {
	fmt.Fprintln(c.Err, c.Say(key, pairs...))
}

// Log is the log of the program, beside the output, from level up: debug, info, warn or error.
func (c *Console) Log(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // cannot be: the command line takes none but these
	}
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: l}))
}
