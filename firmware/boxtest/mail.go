package boxtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/smtp"
	"regexp"
	"strings"
	"time"
)

// talkTime is for one mail to be handed in, or for all that one mail program says.
const talkTime = time.Minute

// Letter is a text that is not ASCII alone.
const Letter = "¿Qué tal?"

// Send hands a mail for the Owner in, at the address of a box's port 25, as another server does. A *textproto.Error is the
// box's refusal; without an error the box has answered for the mail.
func Send(at, subject string, body string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := dial(ctx, new(net.Dialer), at)
		if err != nil {
			return err
		}
		defer conn.Close()
		c, err := smtp.NewClient(conn, "box.example.org")
		if err != nil {
			return err
		}
		if err := c.Hello("sender.example.net"); err != nil {
			return err
		}
		if err := c.Mail("luis@example.net"); err != nil {
			return err
		}
		if err := c.Rcpt(Owner); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "From: Luis <luis@example.net>\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@example.net>\r\n\r\n%s\r\n",
			Owner, subject, time.Now().Format(time.RFC1123Z), strings.ReplaceAll(subject, " ", "-"), body)
		return w.Close() // and the answer to it
	}
}

// dialer is a net.Dialer, or one with TLS.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// dial gives a connection that ends by itself.
func dial(ctx context.Context, d dialer, at string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(talkTime)); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Mailbox is the Owner's INBOX, by IMAP (RFC 9051) over TLS.
type Mailbox struct {
	conn net.Conn
	in   *bufio.Reader
	n    int
}

// OpenMailbox signs the Owner in, at the address of a box's port 993. Close it.
func OpenMailbox(ctx context.Context, at string) (*Mailbox, error) {
	conn, err := dial(ctx, &tls.Dialer{Config: nobodyBetween()}, at)
	if err != nil {
		return nil, err
	}
	b := &Mailbox{conn: conn, in: bufio.NewReader(conn)}
	for _, command := range []string{fmt.Sprintf("LOGIN %s %q", Owner, Password), "SELECT INBOX"} {
		if _, err := b.Say(command); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return b, nil
}

// Close hangs up.
func (b *Mailbox) Close() error { return b.conn.Close() }

// Say gives a command and returns what came before its OK. Any other answer is an error.
func (b *Mailbox) Say(command string) (string, error) {
	b.n++
	tag := fmt.Sprintf("a%d", b.n)
	if _, err := fmt.Fprintf(b.conn, "%s %s\r\n", tag, command); err != nil {
		return "", err
	}
	var all strings.Builder
	for {
		line, err := b.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if answer, last := strings.CutPrefix(line, tag+" "); last {
			if !strings.HasPrefix(answer, "OK") {
				return "", fmt.Errorf("%s: %s", command, answer)
			}
			return all.String(), nil
		}
		all.WriteString(line)
	}
}

var firstFound = regexp.MustCompile(`\* SEARCH (\d+)`)

// Has tells whether a mail of that subject is in the Owner's INBOX with that text, at the address of a box's port 993.
func Has(at, subject string, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		b, err := OpenMailbox(ctx, at)
		if err != nil {
			return err
		}
		defer b.Close()
		found, err := b.Say(fmt.Sprintf("SEARCH SUBJECT %q", subject))
		if err != nil {
			return err
		}
		number := firstFound.FindStringSubmatch(found)
		if number == nil {
			return fmt.Errorf("no mail %q: %s", subject, found)
		}
		body, err := b.Say("FETCH " + number[1] + " BODY[TEXT]")
		if err == nil && !strings.Contains(body, text) {
			err = fmt.Errorf("the mail is %q", body)
		}
		return err
	}
}
