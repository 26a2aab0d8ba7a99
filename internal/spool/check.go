package spool

import (
	"bytes"
	"fmt"
)

// check holds a body against the rules, in as many pieces as it comes.
type check struct {
	spool    Spool
	inHeader bool
	header   int  // octets of the header so far
	line     int  // octets of the current line so far, CR included
	cr       bool // the last octet was a CR
	longest  int  // octets of the longest line so far, with its end; only with Strict
}

// octets checks the next piece. It stops at the first offence.
func (c *check) octets(p []byte) error {
	if !c.spool.Strict && (!c.inHeader || c.spool.MaxHeader <= 0) {
		return nil
	}
	for len(p) > 0 {
		n := bytes.IndexByte(p, '\n') + 1
		whole := n > 0
		if !whole {
			n = len(p)
		}
		if err := c.piece(p[:n], whole); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// piece checks a piece of one line; whole tells that it ends with LF.
func (c *check) piece(p []byte, whole bool) error {
	if c.spool.Strict {
		if err := c.lineEnd(p, whole); err != nil {
			return err
		}
	}
	if err := c.headerEnd(p, whole); err != nil {
		return err
	}
	c.line += len(p)
	c.longest = max(c.longest, c.line)
	if c.spool.Strict && c.spool.MaxLine > 0 && c.line > c.spool.MaxLine {
		return fmt.Errorf("%w: over %d octets", ErrLineTooLong, c.spool.MaxLine)
	}
	c.cr = p[len(p)-1] == '\r'
	if whole {
		c.line = 0
	}
	return nil
}

// lineEnd demands that CR and LF come as a pair.
func (c *check) lineEnd(p []byte, whole bool) error {
	cr := bytes.IndexByte(p, '\r')
	switch {
	case c.cr && p[0] != '\n':
		return ErrBareCR
	case cr < 0:
		if whole && (len(p) > 1 || !c.cr) {
			return ErrBareLF
		}
	case whole && cr != len(p)-2, !whole && cr != len(p)-1:
		return ErrBareCR
	}
	return nil
}

// headerEnd counts the header, its empty line included; a message of APPEND may end its lines with LF alone.
func (c *check) headerEnd(p []byte, whole bool) error {
	if !c.inHeader {
		return nil
	}
	c.header += len(p)
	if c.spool.MaxHeader > 0 && c.header > c.spool.MaxHeader {
		return fmt.Errorf("%w: over %d octets", ErrHeaderTooLarge, c.spool.MaxHeader)
	}
	line := c.line + len(p) // 1 or 2 octets of an empty line are its end
	if whole && (line == 1 || line == 2 && (c.cr || p[0] == '\r')) {
		c.inHeader = false
	}
	return nil
}

// end checks what only the end can tell. A last line without CRLF is fine: BDAT need not end with one.
func (c *check) end() error {
	if c.spool.Strict && c.cr {
		return ErrBareCR
	}
	return nil
}
