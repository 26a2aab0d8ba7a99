package cli

import (
	"context"
	"errors"
	"fmt"
)

// Exit statuses.
const (
	StatusOK     = 0
	StatusFailed = 1 // the command was understood and could not be done
	StatusUsage  = 2 // the command was not understood
)

// Problem is an error in words: a text of the catalogue that says what is wrong and what to do about it.
type Problem struct {
	Key    string
	Pairs  []any // as text.Catalogue.Say takes them
	Status int
}

// Error tells the key, for logs and tests; people get the text by Report.
func (p *Problem) Error() string { return p.Key + fmt.Sprint(p.Pairs) }

// Fail makes a Problem of a command that could not be done.
func Fail(key string, pairs ...any) error {
	return &Problem{Key: key, Pairs: pairs, Status: StatusFailed}
}

// Misuse makes a Problem of a command that was not understood.
func Misuse(key string, pairs ...any) error {
	return &Problem{Key: key, Pairs: pairs, Status: StatusUsage}
}

// Report tells the person about err, if any, and gives the exit status.
func (c *Console) Report(err error) int {
	var problem *Problem
	switch {
	case err == nil, errors.Is(err, errHelpShown):
		return StatusOK
	case errors.As(err, &problem):
		c.Note("error", "sentence", c.Say(problem.Key, problem.Pairs...))
		return problem.Status
	case errors.Is(err, context.Canceled):
		c.Note("error_interrupted")
		return StatusFailed
	default:
		c.Note("error_unknown", "err", err)
		return StatusFailed
	}
}
