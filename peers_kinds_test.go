package main

import (
	"fmt"
	"math/rand"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"buzon/internal/peertest"
)

// kind is one kind of mail. Its octets, with LF, are what another server has to keep below its own lines.
type kind struct {
	name string
	utf8 bool // it needs a server with SMTPUTF8
	text string
}

// kinds are mails that a server on the way could spoil.
func kinds() []kind {
	typed := func(encoding, kind string) string {
		return "MIME-Version: 1.0\nContent-Type: " + kind + "\nContent-Transfer-Encoding: " + encoding + "\n\n"
	}
	all := []kind{
		{name: "plain", text: "\nHello Luis,\n\nsee you tomorrow.\n"},
		{name: "8-bit", text: typed("8bit", "text/plain; charset=iso-8859-1") + "\xa1Ma\xf1ana!\n\xff\xfe\x80 caf\xe9\n"},
		{name: "utf-8", text: typed("8bit", "text/plain; charset=utf-8") + "Grüße aus Köln, 你好, 👍\n"},
		{name: "utf-8-header", utf8: true, text: "Subject: ¡Mañana! 👍\n" + typed("8bit", "text/plain; charset=utf-8") + "Señor\n"},
		{name: "dots", text: "\n.\n..\n...\n.hidden\n a.b\n.\n"},
		{name: "empty", text: "\n"},
		{name: "from-line", text: "\nFrom me to you\n>From here\n"},
		{name: "spaces", text: "Subject: ends with spaces  \n\ntrailing  \t\n \n\t\nend \n"},
		{name: "long-lines", text: "\n" + strings.Repeat("x", 998) + "\n" + strings.Repeat(".", 998) + "\n"},
		{name: "folded", text: "References: <1@example.test>" + strings.Repeat("\n <"+strings.Repeat("r", 60)+"@example.test>", 400) + "\n\nlong\n"},
		{name: "attachment", text: typed("base64", "application/octet-stream; name=a.bin") + noise(5<<20)},
	}
	for i, k := range all {
		all[i].text = fmt.Sprintf("From: Ana <ana@example.test>\nTo: luis@elsewhere.test\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"+
			"Message-ID: <%s@example.test>\nX-Kind: %s\n%s", k.name, k.name, k.text)
	}
	return all
}

// noise is so many octets of base64 that no compression makes smaller.
func noise(octets int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	random, b := rand.New(rand.NewSource(1)), make([]byte, octets)
	for i := range b {
		if b[i] = alphabet[random.Intn(len(alphabet))]; i%77 == 76 {
			b[i] = '\n'
		}
	}
	b[len(b)-1] = '\n'
	return string(b)
}

// forPeer are the kinds that a program takes.
func forPeer(program peertest.Program) (list []kind) {
	for _, k := range kinds() {
		if program.SMTPUTF8 || !k.utf8 {
			list = append(list, k)
		}
	}
	return list
}

// submitKinds has ana send them all; to those that need it, under an address that needs it.
func submitKinds(t *testing.T, a *testAppliance, all []kind) {
	t.Helper()
	c := sender(t, a)
	for _, k := range all {
		to, o := "luis@elsewhere.test", &smtp.MailOptions{Body: smtp.Body8BitMIME, UTF8: k.utf8}
		if k.utf8 {
			to = "josé@elsewhere.test"
		}
		if err := submitMail(c, o, plainly(to), k.text); err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
	}
}

var kindField = regexp.MustCompile(`(?m)^X-Kind: (\S+)$`)

// traces are the lines that servers put on top of a message.
var traces = regexp.MustCompile(`^((Return-Path|X-Original-To|Delivered-To|Received|DKIM-Signature): ?[^\n]*\n([ \t][^\n]*\n)*)+$`)

// checkKinds waits until a server has them all, and compares.
func checkKinds(t *testing.T, p *peertest.Peer, all []kind) {
	t.Helper()
	want, users := map[string]string{}, map[string]int{}
	for _, k := range all {
		want[k.name] = k.text
		if k.utf8 {
			users["josé"]++
		} else {
			users["luis"]++
		}
	}
	for user, n := range users {
		for _, mail := range p.Await(t, user, n) {
			name := kindField.FindStringSubmatch(mail.Data)
			if name == nil {
				t.Errorf("unknown mail:\n%.2000s", mail.Data)
				continue
			}
			checkKept(t, name[1], mail.Data, want[name[1]])
			delete(want, name[1])
		}
	}
	for name := range want {
		t.Errorf("%s did not arrive", name)
	}
}

func checkKept(t *testing.T, name, got, want string) {
	t.Helper()
	top, whole := strings.CutSuffix(got, want)
	if !whole {
		from := max(0, strings.Index(got, "From: Ana"))
		i := 0
		for got = got[from:]; i < min(len(got), len(want)) && got[i] == want[i]; {
			i++
		}
		t.Errorf("%s: differs at octet %d: %.100q, not %.100q", name, i, got[i:], want[i:])
		return
	}
	if !traces.MatchString(top) {
		t.Errorf("%s: on top is\n%s", name, top)
	}
}
