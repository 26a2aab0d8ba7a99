package smtpclient

import (
	"errors"
	"fmt"
)

// How many chunks are under way before their replies are read: enough to fill the line, few enough that a refusal is
// noticed soon.
const maxChunks = 4

// errStop ends the reading of a body that the peer has refused.
var errStop = errors.New("the peer refused a chunk")

// chunker sends a body by BDAT (RFC 3030 §2).
type chunker struct {
	t       *transaction
	window  int // chunks that may wait for their replies
	waiting int // chunks that do
	refused bool
}

// chunks begins once a recipient was accepted: a server that refuses BDAT, but does not skip what follows it as §2 asks,
// would take the body for commands.
func (t *transaction) chunks() error {
	ch := &chunker{t: t, window: 1}
	if t.c.ext.Pipelining {
		ch.window = maxChunks
	}
	err := t.stream(&canon{raw: t.bodyType == "BINARYMIME", start: true}, ch.send)
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	return ch.end(err == nil)
}

// send writes one chunk with its command in front, and reads the replies that are due.
func (ch *chunker) send(p []byte, last bool) error {
	command := fmt.Sprintf("BDAT %d\r\n", len(p)-chunkHead)
	if last {
		command = fmt.Sprintf("BDAT %d LAST\r\n", len(p)-chunkHead)
	}
	p = p[chunkHead-len(command):]
	copy(p, command)
	c := ch.t.c
	if err := c.w.write(c.timeout.Data, p); err != nil {
		return c.writeFailed("BDAT", err)
	}
	for ch.waiting++; ch.waiting >= ch.window && !last; {
		if err := ch.reply(); err != nil {
			return err
		}
	}
	if ch.refused && !last {
		return errStop
	}
	return nil
}

// reply reads the reply to a chunk that is not the last one, or was not wanted any more. The first refusal is the answer.
func (ch *chunker) reply() error {
	t := ch.t
	r, err := t.c.read("BDAT", t.c.timeout.Data, nil)
	if err != nil {
		return err
	}
	ch.waiting--
	switch r.Code / 100 {
	case 2:
	case 3:
		return t.c.outOfStep("BDAT", r)
	default:
		// The transaction stays open: RFC 3030 §2 demands RSET after a refused chunk.
		ch.refused = true
		t.settle(r)
	}
	return nil
}

// end reads the replies still under way. Once everything is out, only the reply to LAST says that the peer has it.
func (ch *chunker) end(whole bool) error {
	rest := ch.waiting
	if whole {
		rest--
	}
	for range rest {
		if err := ch.reply(); err != nil {
			return uncertain(err, whole && !ch.refused)
		}
	}
	if !whole {
		return nil
	}
	if ch.refused { // the last one is refused too, or it is half a message that nobody may rely on
		return ch.reply()
	}
	return ch.t.end()
}
