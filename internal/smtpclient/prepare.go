package smtpclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"buzon/internal/message"
	"buzon/internal/spool"
)

// prepare makes the body what this peer takes, and refuses what it cannot or will not take.
func (t *transaction) prepare() error {
	t.size = t.mail.Body.Size()
	t.body = io.NewSectionReader(t.mail.Body, 0, t.size) // other connections may send the same body
	if err := t.fit(); err != nil {
		return err
	}
	// RFC 1870 §6.1: what is too large is not even tried.
	if limit := t.c.ext.Size; limit > 0 && t.size > limit {
		t.settle(message.Reply{Code: 552, Enhanced: [3]int{5, 3, 4},
			Text: fmt.Sprintf("The message has %d octets; %s takes at most %d.", t.size, t.c.host, limit)})
	}
	return nil
}

// fit chooses BODY=, and converts the body where the peer lacks what it needs (RFC 6152 §3, RFC 3030 §3).
func (t *transaction) fit() error {
	ext, binary := t.c.ext, t.mail.BodyType == "BINARYMIME"
	if binary && ext.Binary && ext.Chunking {
		t.bodyType = "BINARYMIME"
		return nil
	}
	if ext.EightBit && t.mail.BodyType != "7BIT" {
		t.bodyType = "8BITMIME"
	}
	if ext.EightBit && !binary {
		return nil
	}
	to := message.SevenBit
	if ext.EightBit {
		to = message.EightBit
	}
	err := t.convert(to)
	if errors.Is(err, message.ErrNoConversion) {
		t.settle(message.Reply{Code: 554, Enhanced: [3]int{5, 6, 3}, // RFC 6152 §3
			Text: fmt.Sprintf("%s takes only plainer encodings, and this message cannot be converted without breaking it.", t.c.host)})
		return nil
	}
	if err != nil {
		return &Error{Host: t.c.host, Stage: "body", Err: err}
	}
	return nil
}

// convert puts a converted body in place of one that does not fit.
func (t *transaction) convert(to message.Transport) error {
	body, root := t.mail.Body, t.mail.Root
	if root == nil {
		parsed, err := message.Parse(body, body.Size())
		if err != nil {
			return err
		}
		root = &parsed.Root
	}
	if fits, err := message.Fits(body, root, to); fits || err != nil {
		return err
	}
	in, out := io.Pipe()
	defer in.Close() // ends the writer too
	go func() { out.CloseWithError(message.Downgrade(out, body, root, to)) }()
	converted, err := spool.Spool{Dir: t.c.dir}.Receive(in)
	if err != nil {
		return err
	}
	t.file = converted
	return t.resign(converted.Reader())
}

// resign gives a converted body new signatures in place of those that we had put in front of it.
func (t *transaction) resign(body *io.SectionReader) error {
	if t.mail.Resign == nil {
		t.body, t.size = body, body.Size()
		return nil
	}
	at, err := behindSignatures(body)
	if err != nil {
		return err
	}
	body = io.NewSectionReader(body, at, body.Size()-at)
	lines, err := t.mail.Resign(io.NewSectionReader(body, 0, body.Size()))
	if err != nil {
		return fmt.Errorf("sign converted message: %w", err)
	}
	t.body = io.MultiReader(bytes.NewReader(lines), body)
	t.size = int64(len(lines)) + body.Size()
	return nil
}

// behindSignatures is the offset of the first field that is no DKIM-Signature.
func behindSignatures(body *io.SectionReader) (int64, error) {
	in := bufio.NewReader(io.NewSectionReader(body, 0, body.Size()))
	at, inside, first := int64(0), false, true
	for {
		line, err := in.ReadSlice('\n')
		if first && len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			inside = isSignature(line)
		}
		if !inside || errors.Is(err, io.EOF) {
			return at, nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, fmt.Errorf("read signatures: %w", err)
		}
		first = err == nil
		at += int64(len(line))
	}
}

func isSignature(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("DKIM-Signature"))
}
