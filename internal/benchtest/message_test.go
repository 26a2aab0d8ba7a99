package benchtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// epoch is the date of the first message: fixed, so that runs repeat.
var epoch = time.Unix(1_700_000_000, 0).UTC()

// newMessage makes message number i of n octets: the same arguments give the same octets.
func newMessage(i int, to string, n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(i)))
	return compose(random, i, sender(random), to, n)
}

// newSubmission is one that ana writes.
func newSubmission(i int, to string, n int) []byte {
	return compose(rand.New(rand.NewPCG(1, uint64(i))), i, ana, to, n)
}

func compose(random *rand.Rand, i int, from, to string, n int) []byte {
	b := bytes.NewBuffer(make([]byte, 0, n+100))
	header(b, random, i, from, to)
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\n")
	for left := n - b.Len(); left > 0; left = n - b.Len() {
		line := lines[random.IntN(len(lines))]
		if left < len(line)+4 { // no room for another line's end
			line = line[:min(len(line), left-2)] + strings.Repeat("x", max(0, left-2-len(line)))
		}
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// messages are n of them from number first on.
func messages(first, n int, to string, octets int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = newMessage(first+i, to, octets)
	}
	return all
}

// sender is one of 20 people in each of 1,000 domains.
func sender(random *rand.Rand) string {
	return fmt.Sprintf("person%d@d%d.test", random.IntN(20), random.IntN(1000))
}

func header(w io.Writer, random *rand.Rand, i int, from, to string) {
	_, host, _ := strings.Cut(from, "@")
	date := epoch.Add(time.Duration(i) * time.Minute).Format(time.RFC1123Z)
	fmt.Fprintf(w, "Received: from relay%d.%s (relay.%[2]s [127.0.0.1])\r\n\tby mx.bench.test with ESMTP id %08x;\r\n\t%s\r\n",
		i%7, host, random.Uint32(), date)
	fmt.Fprintf(w, "Message-ID: <%d.%08x@%s>\r\nDate: %s\r\n", i, random.Uint32(), host, date)
	fmt.Fprintf(w, "From: %q <%s>\r\nTo: <%s>\r\nSubject: %s %s %s %d\r\n",
		word(random)+" "+word(random), from, to, word(random), word(random), word(random), i)
	if i%4 != 0 { // three of four answer somebody
		fmt.Fprintf(w, "References: <%d.ref@sender.test>\r\n", i-i%4)
	}
	io.WriteString(w, "MIME-Version: 1.0\r\nUser-Agent: benchtest\r\n")
}

// writeLarge writes a message with an attachment of random octets in base64, of n octets in all, and never holds it whole.
func writeLarge(w io.Writer, from, to string, n int) error {
	random := rand.New(rand.NewPCG(2, uint64(n)))
	var head bytes.Buffer
	header(&head, random, 0, from, to)
	head.WriteString("Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Type: text/plain\r\n\r\nThe photos.\r\n" +
		"--=_b\r\nContent-Type: application/octet-stream; name=\"photos.bin\"\r\n" +
		"Content-Disposition: attachment; filename=\"photos.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	const tail = "--=_b--\r\n"
	var raw [57]byte
	line := []byte(strings.Repeat(" ", 76) + "\r\n")
	left := n - head.Len() - len(tail)
	if _, err := w.Write(head.Bytes()); err != nil {
		return err
	}
	for ; left >= len(line); left -= len(line) {
		for k := range raw {
			raw[k] = byte(random.Uint32())
		}
		base64.StdEncoding.Encode(line, raw[:])
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, strings.Repeat("\r\n", left/2)+tail)
	return err
}

// lines are what bodies are put together from: a body has each about once, so it compresses as text does.
var lines = func() []string {
	random := rand.New(rand.NewPCG(3, 0))
	all := make([]string, 4096)
	for i := range all {
		var line strings.Builder
		for line.Len() < 62 {
			line.WriteString(word(random) + " ")
		}
		all[i] = strings.TrimSpace(line.String())
	}
	return all
}()

// word is mostly a known one, sometimes made up: the vocabulary of real mail grows too.
func word(random *rand.Rand) string {
	if random.IntN(20) > 0 {
		f := random.Float64()
		return words[int(f*f*float64(len(words)))] // the first are the frequent ones
	}
	var w strings.Builder
	for range 2 + random.IntN(3) {
		w.WriteByte("bcdfghklmnprstvz"[random.IntN(16)])
		w.WriteByte("aeiou"[random.IntN(5)])
	}
	return w.String()
}

func TestMessage(t *testing.T) {
	if !bytes.Equal(newMessage(7, ana, messageSize), newMessage(7, ana, messageSize)) {
		t.Error("the octets do not follow from the number")
	}
	all := messages(0, 1000, ana, messageSize)
	for _, m := range all {
		if len(m) != messageSize {
			t.Errorf("%d octets", len(m))
		}
	}
	var large bytes.Buffer
	if err := writeLarge(&large, "load@sender.test", ana, 1_000_000); err != nil {
		t.Fatal(err)
	}
	if d := 1_000_000 - large.Len(); d < 0 || d > 1 {
		t.Errorf("large: %d octets", large.Len())
	}
	for _, m := range append(all, large.Bytes()) {
		rest := bytes.ReplaceAll(m, []byte("\r\n"), nil)
		if bytes.ContainsAny(rest, "\r\n") || !bytes.HasSuffix(m, []byte("\r\n")) || bytes.Contains(m, []byte("\n.")) {
			t.Error("line ends are not those of SMTP, or a line begins with a dot")
		}
	}
}
