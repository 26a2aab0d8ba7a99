package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Clients that ask for everything and read nothing stall nobody: no more of
// them than the store has readers would do, if one kept its transaction.
func TestSlowReadersStallNobody(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	c := imapClient(t, a, nil)
	body := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 20_000)
	const messages, slow = 10, 8
	for range messages {
		cmd := c.Append("INBOX", int64(len(body)), nil)
		if _, err := cmd.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	for range slow {
		stuckFetch(t, a)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for i := range 20 {
		if _, err := c.Status("INBOX", &imap.StatusOptions{NumMessages: true}).Wait(); err != nil {
			t.Fatal(err)
		}
		if err := c.Create(fmt.Sprintf("Folder %d", i), nil).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("40 commands took %v", took)
	}
}

// stuckFetch asks for all messages, and reads only the first line of the answer.
func stuckFetch(t *testing.T, a *testAppliance) {
	t.Helper()
	conn, err := tls.Dial("tcp", a.addr("imaps"), a.tls())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "a LOGIN ana@example.test secret\r\nb SELECT INBOX\r\nc FETCH 1:* BODY.PEEK[]\r\n")
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for r := bufio.NewReaderSize(conn, 16); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "* 1 FETCH") {
			return
		}
	}
}
