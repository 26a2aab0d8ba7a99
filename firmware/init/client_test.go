package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/smtp"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
)

// browser is somebody at the page, from this computer through the forwarded ports.
type browser struct {
	t      *testing.T
	client *http.Client
}

func newBrowser(t *testing.T, m *boottest.Running) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	through := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		number, err := net.LookupPort(network, port)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, m.Address(number))
	}
	return &browser{t, &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{
		DialContext: through, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // nobody else is between
	}}}
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// read gives the body, and the address to which redirects led.
func (b *browser) read(answer *http.Response, err error) (body string, at *url.URL) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(content), answer.Request.URL
}

// post fills a form in, with the token of the page where it is.
func (b *browser) post(page string, at *url.URL, path string, fields url.Values) (string, *url.URL) {
	b.t.Helper()
	if token := tokenField.FindStringSubmatch(page); token != nil {
		fields.Set("token", token[1])
	}
	request, err := http.NewRequest("POST", at.ResolveReference(&url.URL{Path: path}).String(), strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", at.Scheme+"://"+at.Host)
	return b.read(b.client.Do(request))
}

const (
	address  = "ana@example.org"
	password = "six small boats at sea"
)

// claim makes the box ana's, as she would: with the code of the console, by the forms of the page.
func (b *browser) claim(code string) {
	b.t.Helper()
	page, at := b.read(b.client.Get("http://casa.local/"))
	page, at = b.post(page, at, "/setup", url.Values{"code": {code}})
	if !strings.HasSuffix(at.Path, "/setup/you") {
		b.t.Fatalf("after the code we are at %s:\n%s", at, page)
	}
	page, at = b.post(page, at, "/setup/you", url.Values{"name": {"Ana"}, "address": {address}, "password": {password}, "again": {password}})
	if !strings.HasSuffix(at.Path, "/setup/line") {
		b.t.Fatalf("after the first account we are at %s:\n%s", at, page)
	}
}

// send hands a mail in on port 25.
func send(m *boottest.Running, subject string, body []byte) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Address(25))
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return err
		}
		c, err := smtp.NewClient(conn, "casa.local")
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Hello("sender.example.net"); err != nil {
			return err
		}
		if err := c.Mail("luis@example.net"); err != nil {
			return err
		}
		if err := c.Rcpt(address); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "From: Luis <luis@example.net>\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@example.net>\r\n\r\n%s\r\n",
			address, subject, time.Now().Format(time.RFC1123Z), strings.ReplaceAll(subject, " ", "-"), body)
		return w.Close() // and the answer to it
	}
}

// mailbox is ana's, over IMAP with TLS.
type mailbox struct {
	conn net.Conn
	in   *bufio.Reader
	n    int
}

func openMailbox(ctx context.Context, m *boottest.Running) (*mailbox, error) {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := d.DialContext(ctx, "tcp", m.Address(993))
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	b := &mailbox{conn: conn, in: bufio.NewReader(conn)}
	for _, command := range []string{fmt.Sprintf("LOGIN %s %q", address, password), "SELECT INBOX"} {
		if _, err := b.say(command); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return b, nil
}

// say gives a command and returns what came before its OK.
func (b *mailbox) say(command string) (string, error) {
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

// has tells whether a mail of that subject is there.
func has(m *boottest.Running, subject string) func(context.Context) error {
	return func(ctx context.Context) error {
		b, err := openMailbox(ctx, m)
		if err != nil {
			return err
		}
		defer b.conn.Close()
		found, err := b.say(fmt.Sprintf("SEARCH SUBJECT %q", subject))
		if err != nil {
			return err
		}
		number := regexp.MustCompile(`\* SEARCH (\d+)`).FindStringSubmatch(found)
		if number == nil {
			return fmt.Errorf("no mail %q: %s", subject, found)
		}
		body, err := b.say("FETCH " + number[1] + " BODY[TEXT]")
		if err == nil && !strings.Contains(body, "¿Qué tal?") {
			err = fmt.Errorf("the mail is %q", body)
		}
		return err
	}
}

// timeServer answers for the true time (RFC 5905 §7.3), until the test ends. The machine finds it at 10.0.2.2.
func timeServer(t *testing.T) (address string, stop func()) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop = func() { c.Close() }
	t.Cleanup(stop)
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if n < 48 {
				continue
			}
			answer := make([]byte, 48)
			answer[0], answer[1] = 4<<3|4, 1 // version 4, a server; the first stratum
			copy(answer[24:32], b[40:48])
			now := time.Now()
			binary.BigEndian.PutUint32(answer[40:], uint32(now.Unix()+2208988800))
			binary.BigEndian.PutUint32(answer[44:], uint32(now.Nanosecond()*4))
			c.WriteTo(answer, from)
		}
	}()
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "10.0.2.2:" + port, stop
}
