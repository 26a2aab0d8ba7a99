package smtpclient

import (
	"fmt"
	"strings"

	"buzon/internal/message"
)

// How many commands are written before their replies are read. Their replies fit any socket's buffers, so that the two
// sides never wait for each other (RFC 2920 §3.1).
const maxPipelined = 50

// step is one command of the envelope and what its reply means.
type step struct {
	stage, command string
	take           func(message.Reply) error
}

// envelope says MAIL, RCPT and, unless the body goes in chunks, DATA: all in one write where the peer allows it.
func (t *transaction) envelope() error {
	steps := t.steps()
	batch := 1
	if t.c.ext.Pipelining {
		batch = maxPipelined
	}
	for len(steps) > 0 && !t.mailRefused {
		n := min(batch, len(steps))
		if err := t.exchange(steps[:n]); err != nil {
			return err
		}
		steps = steps[n:]
	}
	return nil
}

// steps are the commands in their order. DATA is among them only when pipelined, as the last one of its group (RFC 2920
// §3.1); a peer without PIPELINING is asked once a recipient was accepted.
func (t *transaction) steps() []step {
	var steps []step
	if t.c.needReset {
		steps = append(steps, step{"RSET", "RSET", t.tookReset})
	}
	steps = append(steps, step{"MAIL", t.mailCommand(), t.tookMail})
	for i := range t.mail.To {
		if t.replies[i].Code == 0 {
			steps = append(steps, step{"RCPT", t.rcptCommand(i), func(r message.Reply) error { return t.tookRcpt(i, r) }})
		}
	}
	if t.c.ext.Pipelining && !t.c.ext.Chunking {
		steps = append(steps, step{"DATA", "DATA", t.tookData})
	}
	return steps
}

// exchange writes a group of commands and reads their replies.
func (t *transaction) exchange(steps []step) error {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.command)
		b.WriteString("\r\n")
	}
	c := t.c
	if err := c.w.write(c.timeout.Command, []byte(b.String())); err != nil {
		return c.writeFailed(steps[0].stage, err)
	}
	for _, s := range steps {
		r, err := c.read(s.stage, c.timeout.Command, nil)
		if err != nil {
			return err
		}
		if err := s.take(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) mailCommand() string {
	ext := t.c.ext
	var b strings.Builder
	b.WriteString("MAIL FROM:" + path(t.mail.From))
	if ext.SizeParam {
		fmt.Fprintf(&b, " SIZE=%d", t.size) // RFC 1870 §6.1
	}
	if t.bodyType != "" {
		b.WriteString(" BODY=" + t.bodyType)
	}
	if t.utf8 {
		b.WriteString(" SMTPUTF8")
	}
	if t.mail.RequireTLS {
		b.WriteString(" REQUIRETLS")
	}
	if ext.DSN && isKeyword(t.mail.Return) {
		b.WriteString(" RET=" + t.mail.Return)
	}
	if ext.DSN && t.mail.EnvID != "" {
		b.WriteString(" ENVID=" + XText(t.mail.EnvID))
	}
	return b.String()
}

func (t *transaction) rcptCommand(i int) string {
	to := t.mail.To[i]
	command := "RCPT TO:" + path(to.Address)
	if !t.c.ext.DSN {
		return command
	}
	if isKeyword(to.Notify) {
		command += " NOTIFY=" + to.Notify
	}
	if original := originalRecipient(to.Original); original != "" {
		command += " ORCPT=" + original
	}
	return command
}
