package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// TestDialogs runs every script in testdata/dialogs against an appliance of its
// own. A script is read a line at a time:
//
//	# what this case is about
//	account ana@example.test secret      an account; its domain is made too
//	alias all@example.test ana@… luis@…  an alias
//	quota ana@example.test 1000          what the account may hold, in octets
//	set pop3.mark-seen true              a setting
//	deliver ana@example.test             a message, its lines follow behind "| "
//	index                                the search index is brought up to date
//	connect name service                 a connection to "smtp", "imaps", …; by name the current one
//	use name                             another connection becomes the current one
//	tls                                  the client's side of STARTTLS
//	C: text                              send a line
//	C> "text\r\n"                        send exactly this, in Go's quoting
//	S: text                              one line of the server: * stands for anything, {x} is kept as x or compared with it
//	S... text                            lines are skipped up to one like this
//	S- text                              no line like this may stand before the next one that is asked for with S...
//	end                                  the server closes
//
// In C lines {x} is replaced by what was kept.
func TestDialogs(t *testing.T) {
	scripts, err := filepath.Glob("testdata/dialogs/*/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no dialogs: %v", err)
	}
	for _, path := range scripts {
		name := strings.TrimSuffix(strings.TrimPrefix(path, "testdata/dialogs/"), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d := &dialog{t: t, a: startTest(t), conns: map[string]*wire{}, kept: map[string]string{}}
			d.run(path, string(text))
		})
	}
}

// dialog is a script under way.
type dialog struct {
	t       *testing.T
	a       *testAppliance
	conns   map[string]*wire
	now     *wire
	kept    map[string]string
	never   []string
	where   string // file:line, for failures
	deliver []byte
	to      string
}

// wire is one connection of a script.
type wire struct {
	net.Conn
	r *bufio.Reader
}

// patience is how long a script waits for a line: an answer comes at once or not at all.
const patience = 20 * time.Second

func (d *dialog) run(path, text string) {
	for i, line := range strings.Split(text, "\n") {
		d.where = fmt.Sprintf("%s:%d: %s", path, i+1, line)
		if body, ok := strings.CutPrefix(line, "|"); ok {
			d.deliver = append(d.deliver, strings.TrimPrefix(body, " ")+"\r\n"...)
			continue
		}
		d.flushDelivery()
		if line == "" || line[0] == '#' {
			continue
		}
		d.step(line)
	}
	d.flushDelivery()
}

func (d *dialog) step(line string) {
	word, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	ctx := context.Background()
	switch word {
	case "account":
		d.account(args)
	case "alias":
		var targets []message.Address
		for _, a := range args[1:] {
			targets = append(targets, d.address(a))
		}
		d.must(d.a.store.AddAlias(ctx, d.address(args[0]), targets))
	case "set":
		d.must(d.a.store.Set(ctx, args[0], args[1]))
	case "quota":
		octets, err := strconv.ParseInt(args[1], 10, 64)
		d.must(err)
		d.must(d.a.store.SetQuota(ctx, d.address(args[0]), octets))
	case "deliver":
		d.to = args[0]
	case "index":
		d.must(d.a.store.UpdateIndex(ctx))
	case "connect":
		d.connect(args[0], args[1])
	case "use":
		d.now = d.conns[args[0]]
	case "tls":
		d.now.Conn = tls.Client(d.now.Conn, d.tls())
		d.now.r = bufio.NewReader(d.now.Conn)
	case "C:":
		d.send(d.fill(rest) + "\r\n")
	case "C>":
		raw, err := strconv.Unquote(rest)
		d.must(err)
		d.send(d.fill(raw))
	case "S:":
		d.expect(rest)
	case "S...":
		d.await(rest)
	case "S-":
		d.never = append(d.never, rest)
	case "end":
		if left, err := io.ReadAll(d.now.r); len(left) > 0 {
			d.t.Fatalf("%s\n\tinstead of the end: %q %v", d.where, left, err)
		}
	default:
		d.t.Fatalf("%s\n\tnot a step", d.where)
	}
}

func (d *dialog) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%s\n\t%v", d.where, err)
	}
}

func (d *dialog) address(s string) message.Address {
	if domain, ok := strings.CutPrefix(s, "@"); ok {
		return message.Address{Domain: domain}
	}
	a, err := message.ParseAddress(s)
	d.must(err)
	return a
}

func (d *dialog) account(args []string) {
	a := d.address(args[0])
	if err := d.a.store.AddDomain(context.Background(), a.Domain); err != nil && !strings.Contains(err.Error(), "exists") {
		d.must(err)
	}
	_, err := d.a.store.AddAccount(context.Background(), a, args[1])
	d.must(err)
}

func (d *dialog) flushDelivery() {
	if d.deliver == nil {
		return
	}
	acc, err := d.a.store.Account(context.Background(), d.address(d.to))
	d.must(err)
	body := io.NewSectionReader(bytes.NewReader(d.deliver), 0, int64(len(d.deliver)))
	d.must(d.a.store.Accept(context.Background(), store.Incoming{Body: body, Deliver: []store.Delivery{{Account: acc.ID}}}))
	d.deliver = nil
}

func (d *dialog) tls() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true} // what is tested here is the dialog
}

func (d *dialog) connect(name, service string) {
	c, err := net.Dial("tcp", d.a.addr(service))
	d.must(err)
	d.t.Cleanup(func() { c.Close() })
	if strings.HasSuffix(service, "s") {
		c = tls.Client(c, d.tls())
	}
	d.now = &wire{c, bufio.NewReader(c)}
	d.conns[name] = d.now
}

func (d *dialog) send(s string) {
	d.must(d.now.SetWriteDeadline(time.Now().Add(patience)))
	_, err := io.WriteString(d.now, s)
	d.must(err)
}

func (d *dialog) read() string {
	d.must(d.now.SetReadDeadline(time.Now().Add(patience)))
	line, err := d.now.r.ReadString('\n')
	if err != nil {
		d.t.Fatalf("%s\n\tgot %q and %v", d.where, line, err)
	}
	return strings.TrimRight(line, "\r\n")
}

func (d *dialog) expect(pattern string) {
	if got := d.read(); !d.match(pattern, got) {
		d.t.Fatalf("%s\n\tgot %q", d.where, got)
	}
}

func (d *dialog) await(pattern string) {
	var skipped []string
	for {
		d.must(d.now.SetReadDeadline(time.Now().Add(patience)))
		raw, err := d.now.r.ReadString('\n')
		if err != nil {
			d.t.Fatalf("%s\n\t%v; skipped:\n\t%s", d.where, err, strings.Join(skipped, "\n\t"))
		}
		got := strings.TrimRight(raw, "\r\n")
		for _, no := range d.never {
			if d.match(no, got) {
				d.t.Fatalf("%s\n\tunwanted %q", d.where, got)
			}
		}
		if d.match(pattern, got) {
			d.never = nil
			return
		}
		skipped = append(skipped, got)
	}
}

var dialogName = regexp.MustCompile(`\\\{([a-z]+)\\\}`)

// match compares a line with a pattern and keeps what {names} stand for.
func (d *dialog) match(pattern, line string) bool {
	var names []string
	expr := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
	// A star that IMAP means is written as itself at the start of the line.
	if strings.HasPrefix(pattern, "* ") {
		expr = `\*` + strings.TrimPrefix(expr, ".*")
	}
	expr = dialogName.ReplaceAllStringFunc(expr, func(s string) string {
		name := dialogName.FindStringSubmatch(s)[1]
		if v, ok := d.kept[name]; ok {
			return regexp.QuoteMeta(v)
		}
		names = append(names, name)
		return `(\S+?)`
	})
	m := regexp.MustCompile("^" + expr + "$").FindStringSubmatch(line)
	if m == nil {
		return false
	}
	for i, n := range names {
		d.kept[n] = m[i+1]
	}
	return true
}

// fill puts what was kept where its name stands.
func (d *dialog) fill(s string) string {
	for k, v := range d.kept {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	return s
}
