package deb

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// deliver is a mail of another server's, by SMTP.
func (m *machine) deliver(t *testing.T, to, subject string) {
	t.Helper()
	conn, err := m.dial(25)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	c := textproto.NewConn(conn)
	for _, step := range []struct {
		say  string
		want int
	}{
		{"", 220}, {"EHLO there.example.net", 250}, {"MAIL FROM:<luis@example.net>", 250}, {"RCPT TO:<" + to + ">", 250}, {"DATA", 354},
		{"From: luis@example.net\r\nTo: " + to + "\r\nSubject: " + subject + "\r\n\r\nHello.\r\n.", 250}, {"QUIT", 221},
	} {
		if step.say != "" {
			if err := c.PrintfLine("%s", step.say); err != nil {
				t.Fatal(err)
			}
		}
		if _, text, err := c.ReadResponse(step.want); err != nil {
			t.Fatalf("%q: %v %s", step.say, err, text)
		}
	}
}

// subjects are those of the inbox, by IMAP.
func (m *machine) subjects(t *testing.T, user, password string) []string {
	t.Helper()
	var conn net.Conn
	m.wait(t, "IMAP", func() error {
		var err error
		conn, err = m.dial(993)
		return err
	})
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // its own certificate: nobody can vouch for it here
	in := bufio.NewReader(secure)
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "* OK") {
		t.Fatalf("greeting: %s, %v", line, err)
	}
	var lines []string
	for i, command := range []string{"LOGIN " + user + " " + password, "SELECT INBOX", "UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]"} {
		tag := fmt.Sprintf("a%d ", i)
		if _, err := fmt.Fprintf(secure, "%s%s\r\n", tag, command); err != nil {
			t.Fatal(err)
		}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			lines = append(lines, line)
			if strings.HasPrefix(line, tag+"OK") {
				break
			}
			if strings.HasPrefix(line, tag) {
				t.Fatalf("%s: %s", command, line)
			}
		}
	}
	var subjects []string
	for _, line := range lines {
		if subject, ok := strings.CutPrefix(line, "Subject: "); ok {
			subjects = append(subjects, strings.TrimSpace(subject))
		}
	}
	return subjects
}
