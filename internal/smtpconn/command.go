package smtpconn

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"buzon/internal/tlsconn"
)

// command looks at one line of the peer and gives the line for the library,
// or nil when it was answered here.
func (c *Conn) command(line []byte) []byte {
	if c.awaiting { // an answer to 334 is not a command, whatever it spells
		c.awaiting = false
		return line
	}
	text := strings.TrimRight(string(line), "\r\n")
	verb, arg, _ := strings.Cut(text, " ")
	c.verb = strings.ToUpper(verb)
	switch c.verb {
	case "STARTTLS":
		c.startTLS()
		return nil
	case "EHLO", "HELO":
		return c.greet(line, arg)
	case "RCPT":
		return postmaster(line, arg)
	case "BDAT":
		c.left = chunkSize(arg)
	}
	return line
}

// greet notes how the peer greeted. A name longer than a domain can be is nobody's (RFC 5321 §4.5.3.1.2).
func (c *Conn) greet(line []byte, arg string) []byte {
	if len(arg) > 255 {
		c.answer("501 5.5.4 That name is too long")
		return nil
	}
	c.extended, c.greeted = c.verb == "EHLO", true
	return line
}

// postmaster gives the one address without a domain a form that the library
// can read (RFC 5321 §4.5.1).
func postmaster(line []byte, arg string) []byte {
	const prefix, bare = "TO:", "<postmaster>"
	if len(arg) < len(prefix) || !strings.EqualFold(arg[:len(prefix)], prefix) {
		return line
	}
	path := strings.TrimLeft(arg[len(prefix):], " ")
	if len(path) < len(bare) || !strings.EqualFold(path[:len(bare)], bare) {
		return line
	}
	return []byte("RCPT TO:<" + PostmasterAlone + ">" + path[len(bare):] + "\r\n")
}

// chunkSize is how many octets follow a BDAT line, 0 where the library will
// find the line malformed and expect none (RFC 3030 §2).
func chunkSize(arg string) int64 {
	words := strings.Fields(arg)
	if len(words) == 0 || len(words) > 2 || len(words) == 2 && !strings.EqualFold(words[1], "LAST") {
		return 0
	}
	n, err := strconv.ParseUint(words[0], 10, 32)
	if err != nil {
		return 0
	}
	return int64(n)
}

// answer replies without the library.
func (c *Conn) answer(line string) {
	c.out = append(append(c.out, line...), "\r\n"...)
	c.heard([]byte(line))
}

// startTLS upgrades the connection (RFC 3207 §4).
func (c *Conn) startTLS() {
	switch {
	case c.TLS() != nil:
		c.answer("503 5.5.1 TLS is already on")
		return
	case c.opt.TLS == nil:
		c.answer("502 5.5.1 TLS is not offered here")
		return
	case c.start < c.end:
		// RFC 3207 §6: commands sent ahead of the handshake were not protected; an attacker may have put them there.
		c.say("554 5.5.1 Commands must not follow STARTTLS before the handshake")
		return
	}
	c.answer("220 2.0.0 Go ahead with TLS")
	if err := c.flush(); err != nil {
		c.mute()
		return
	}
	raw := c.Conn
	t := tlsconn.Server(raw, c.opt.TLS)
	if err := raw.SetDeadline(time.Now().Add(c.handshakeTime())); err != nil {
		c.mute()
		return
	}
	if err := t.Handshake(); err != nil {
		c.mute() // nobody is left to read a reply
		return
	}
	c.mu.Lock()
	c.Conn = t
	c.mu.Unlock()
	c.greeted, c.extended = false, false
}

func (c *Conn) handshakeTime() time.Duration {
	if c.opt.UntrustedTime > 0 {
		return c.opt.UntrustedTime
	}
	return c.opt.Idle
}

// Write takes the library's replies, a line at a time, and puts our words
// where its own do not fit.
func (c *Conn) Write(b []byte) (int, error) {
	if c.fatal != nil {
		return len(b), nil // our last word was said
	}
	for rest := b; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			c.reply = append(c.reply, rest...)
			break
		}
		c.reply = append(c.reply, rest[:i+1]...)
		rest = rest[i+1:]
		c.replyLine(c.reply)
		c.reply = c.reply[:0]
	}
	if len(c.out) >= bufferSize {
		return len(b), c.flush()
	}
	return len(b), nil
}

// replyLine passes on one complete line of a reply.
func (c *Conn) replyLine(line []byte) {
	if c.fatal != nil { // the line before was the last
		return
	}
	switch code := string(line[:min(4, len(line))]); {
	case code == "220 " && c.verb == "":
		c.answer("220 " + c.opt.Name() + " ESMTP Buzon")
		return
	case code == "354 ":
		c.mark = lineStart
		c.setMode(data)
		c.answer("354 Send the message; end it with a line that has only a dot")
		return
	case code == "334 ":
		c.awaiting = true
	case code == "250-" && c.verb == "EHLO":
		c.ehloLine(line, "250-")
		return
	case code == "250 " && c.verb == "EHLO":
		c.ehloLine(line, "250 ")
		return
	case code == "250 ":
		if text := c.words(); text != "" {
			c.answer(text)
			return
		}
	}
	c.out = append(c.out, line...)
	c.heard(line)
}

// words replaces the library's success texts.
func (c *Conn) words() string {
	switch c.verb {
	case "MAIL":
		return "250 2.1.0 Sender accepted"
	case "RCPT":
		return "250 2.1.5 Recipient accepted"
	case "NOOP":
		return "250 2.0.0 Still here"
	case "RSET":
		return "250 2.0.0 Forgotten"
	}
	return ""
}

// ehloLine passes on one line of EHLO's answer: the greeting gets our name and
// STARTTLS after it, SIZE the figure of the moment.
func (c *Conn) ehloLine(line []byte, code string) {
	switch text := string(line[4:]); {
	case strings.HasPrefix(text, "Hello "):
		c.answer(code + c.opt.Name() + " greets you")
		if code == "250-" && c.opt.TLS != nil && c.TLS() == nil {
			c.answer("250-STARTTLS")
		}
		if code == "250-" && c.TLS() != nil { // RFC 8689 §2: the library does not see our TLS
			c.answer("250-REQUIRETLS")
		}
	case strings.HasPrefix(text, "SIZE"):
		c.answer(code + "SIZE " + strconv.FormatInt(c.opt.Size(), 10))
	default:
		c.out = append(c.out, line...)
	}
}
