// Package spool turns a network body into a checked, seekable one.
package spool

import (
	"errors"
	"io"
)

var (
	ErrBareCR         = errors.New("bare CR in the message")
	ErrBareLF         = errors.New("bare LF in the message")
	ErrLineTooLong    = errors.New("line too long")
	ErrTooLarge       = errors.New("message too large")
	ErrHeaderTooLarge = errors.New("message header too large")
)

type Spool struct {
	Dir       string
	Memory    int
	MaxSize   int64
	MaxLine   int
	MaxHeader int
	Strict    bool
	Drain     bool
}
type Body struct{}

func (s Spool) Receive(r io.Reader) (*Body, error) { panic("stub") }
func (b *Body) Reader() *io.SectionReader          { panic("stub") }
func (b *Body) Size() int64                        { panic("stub") }
func (b *Body) Close() error                       { panic("stub") }
