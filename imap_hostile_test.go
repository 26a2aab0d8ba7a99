package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// imapLine is a client that says what no library would.
type imapLine struct {
	*tls.Conn
	r *bufio.Reader
}

func dialIMAPLine(t testing.TB, a *testAppliance) *imapLine {
	t.Helper()
	conn, err := tls.Dial("tcp", a.addr("imaps"), a.tls())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &imapLine{conn, bufio.NewReader(conn)}
	c.until(t, "*")
	io.WriteString(c, "login LOGIN ana@example.test secret\r\n")
	c.until(t, "login OK")
	return c
}

// until reads to the line that begins with prefix and tells how much came before it and with it.
func (c *imapLine) until(t testing.TB, prefix string) (octets int) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	begin := true
	for {
		part, more, err := c.r.ReadLine()
		if err != nil {
			t.Fatalf("while waiting for %s: %v", prefix, err)
		}
		octets += len(part)
		if begin && strings.HasPrefix(string(part), prefix) {
			return octets
		}
		begin = !more
	}
}

// cost is the processor time and the memory that f takes from everybody in the process.
func cost(t testing.TB, f func()) (time.Duration, uint64) {
	t.Helper()
	var before, after runtime.MemStats
	var begin, end syscall.Rusage
	runtime.GC()
	runtime.ReadMemStats(&before)
	syscall.Getrusage(syscall.RUSAGE_SELF, &begin)
	f()
	syscall.Getrusage(syscall.RUSAGE_SELF, &end)
	runtime.ReadMemStats(&after)
	took := end.Utime.Nano() + end.Stime.Nano() - begin.Utime.Nano() - begin.Stime.Nano()
	return time.Duration(took), after.TotalAlloc - before.TotalAlloc
}

// Mail built to hurt is filed, listed and searched in bounded time and memory.
func TestIMAPHostileMail(t *testing.T) {
	mixed := "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	nested := ""
	for i := range 10_000 {
		nested += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	mails := map[string]string{
		"no parts":      mixed + "--b--\r\n",
		"no delimiter":  mixed + "nothing\r\n",
		"10,000 deep":   nested + "\r\nthe heart\r\n",
		"forwards":      strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 10_000),
		"100,000 parts": mixed + strings.Repeat("--b\r\nContent-Type: a/b\r\n\r\nx\r\n", 100_000),
		"empty parts":   mixed + strings.Repeat("--b\r\n", 100_000),
		"addresses":     "To: " + strings.Repeat("a,", 1<<19) + "\r\n\r\n",
		"one line":      "Subject: " + strings.Repeat("=?utf-8?q?=C3=A9?= ", 1<<16) + "\r\n\r\n" + strings.Repeat("x", 1<<20),
		"NUL":           strings.Repeat("\x00", 1<<20),
	}
	a := startWithAna(t)
	c := dialIMAPLine(t, a)
	io.WriteString(c, "s SELECT INBOX\r\n")
	c.until(t, "s OK")
	n := 0
	for name, mail := range mails {
		n++
		took, used := cost(t, func() {
			fmt.Fprintf(c, "a APPEND INBOX {%d+}\r\n%s\r\n", len(mail), mail)
			c.until(t, "a OK")
		})
		// The parser keeps about a thousand parts, and the spool one buffer.
		if used > 32<<20 || took > 5*time.Second {
			t.Errorf("%s: filing took %v and %d octets", name, took, used)
		}
		answer := 0
		took, used = cost(t, func() {
			fmt.Fprintf(c, "f FETCH %d (UID FLAGS ENVELOPE BODYSTRUCTURE BODY)\r\n", n)
			answer = c.until(t, "f OK")
			fmt.Fprintf(c, "g FETCH %d (BODY.PEEK[1.1.1.1.1.1.1.MIME] BODY.PEEK[900.TEXT] BODY.PEEK[HEADER.FIELDS (To)]<0.10>)\r\n", n)
			c.until(t, "g OK")
			fmt.Fprintf(c, "h SEARCH %d TEXT \"heartless\"\r\n", n)
			c.until(t, "h OK")
		})
		if used > 32<<20 || took > 5*time.Second || answer > 4<<20 {
			t.Errorf("%s: listing took %v and %d octets, and answered %d", name, took, used, answer)
		}
		t.Logf("%s: %v, %d KB, %d octets of answer", name, took, used>>10, answer)
	}
}

// A gigabyte that is announced costs nothing, and what follows it is never run.
func TestIMAPHostileLiterals(t *testing.T) {
	a := startWithAna(t)
	for _, command := range []string{
		"x APPEND INBOX ", "x APPEND nowhere ", "x SEARCH TEXT ", "x SETMETADATA INBOX (/private/a ", "x GETMETADATA ", "x GETQUOTA ",
		"x SELECT ", "x LIST \"\" ", "x ID (\"name\" ", "x APPEND INBOX UTF8 (", "x CREATE ", "x REPLACE 1 INBOX ", "x NOSUCH ", "x RENAME ",
	} {
		for _, literal := range []string{"{1073741824+}", "{99999999999999999999+}", "~{1073741824+}"} {
			c := dialIMAPLine(t, a)
			_, used := cost(t, func() {
				fmt.Fprintf(c, "%s%s\r\n", command, literal)
				io.WriteString(c, strings.Repeat("z DELETE Archive\r\n", 100))
				c.SetReadDeadline(time.Now().Add(20 * time.Second))
				said, err := io.ReadAll(c.r)
				if !strings.Contains(string(said), "* BYE") {
					t.Errorf("%s%s: no BYE but %q, %v", command, literal, said, err)
				}
			})
			if used > 4<<20 {
				t.Errorf("%s%s cost %d octets", command, literal, used)
			}
		}
		c := dialIMAPLine(t, a)
		fmt.Fprintf(c, "%s{1073741824}\r\n", command)
		c.until(t, "x ") // refused, and not invited
		io.WriteString(c, "y NOOP\r\n")
		c.until(t, "y OK")
	}
	c := dialIMAPLine(t, a)
	io.WriteString(c, "x STATUS Archive (MESSAGES)\r\n")
	c.until(t, "x OK")
}

// Patterns of LIST that are built to backtrack.
func TestIMAPHostilePatterns(t *testing.T) {
	a := startWithAna(t)
	c := dialIMAPLine(t, a)
	name := strings.Repeat("a", 250)
	for i := range 40 {
		fmt.Fprintf(c, "c CREATE \"%s%d/%s/%s/%s\"\r\n", name, i, name, name, name)
		c.until(t, "c OK")
	}
	for _, pattern := range []string{
		strings.Repeat("*a", 400) + "b", strings.Repeat("%a", 400) + "b", strings.Repeat("*%", 500), strings.Repeat("a*%*", 200) + "c",
	} {
		took, used := cost(t, func() {
			fmt.Fprintf(c, "l LIST \"\" (%s) RETURN (SUBSCRIBED CHILDREN)\r\nm LSUB \"\" %s\r\n", pattern, pattern)
			c.until(t, "m OK")
		})
		if took > 5*time.Second || used > 16<<20 {
			t.Errorf("%.10s took %v and %d octets", pattern, took, used)
		}
	}
	fmt.Fprintf(c, "l LIST \"\" {40000+}\r\n%s\r\n", strings.Repeat("*a", 20000))
	c.until(t, "l NO [LIMIT]")
}

// Many messages in one APPEND (RFC 3502) cost what they are long, and too many are refused as one.
func TestIMAPManyInOneAppend(t *testing.T) {
	a := startWithAna(t)
	c := dialIMAPLine(t, a)
	send := func(n, size int) string {
		var b strings.Builder
		b.WriteString("m APPEND INBOX")
		for i := range n {
			mail := fmt.Sprintf("Subject: %d\r\n\r\n", i)
			mail += strings.Repeat("x", max(0, size-len(mail)))
			fmt.Fprintf(&b, " (\\Seen $Work) \"22-Nov-2026 10:00:00 +0000\" {%d+}\r\n%s", len(mail), mail)
		}
		b.WriteString("\r\n")
		return b.String()
	}
	for _, s := range []struct {
		n, size int
		want    string
	}{
		{500, 2000, "m OK [APPENDUID"},   // a batch of interimap
		{60, 100_000, "m OK [APPENDUID"}, // each in a file
		{1001, 20, "m NO [LIMIT]"},
		{65, 20_000, "m NO [LIMIT]"},
		{200, 16_000, "m NO [LIMIT]"},
	} {
		text := send(s.n, s.size)
		_, used := cost(t, func() {
			io.WriteString(c, text)
			c.until(t, s.want)
		})
		if limit := uint64(32<<20 + len(text)); used > limit {
			t.Errorf("%d of %d octets cost %d octets", s.n, s.size, used)
		}
		t.Logf("%d of %d octets: %d KB", s.n, s.size, used>>10)
	}
	io.WriteString(c, "s STATUS INBOX (MESSAGES)\r\n")
	c.until(t, "* STATUS INBOX (MESSAGES 560)")
}
