package peertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The users that the programs insist on exist in their cages only. No number is that of somebody on a usual machine.
const (
	root       = 0
	vmail      = 52000 // who owns the mail
	postfix    = 52001
	exim       = 52003
	opensmtpd  = 52004
	opensmtpq  = 52005
	nobody     = 65534
	postdropID = 52002 // a group
)

// writeEtc makes the /etc of a cage: users, names, and no DNS.
func writeEtc(dir, name, host string) error {
	var passwd, group strings.Builder
	for _, u := range []struct {
		name string
		id   int
		home string
	}{
		{"root", root, "/root"}, {"vmail", vmail, dir + "/mail"}, {"postfix", postfix, "/"}, {"postdrop", postdropID, "/"},
		{"Debian-exim", exim, "/"}, {"opensmtpd", opensmtpd, "/var/lib/opensmtpd/empty"}, {"opensmtpq", opensmtpq, "/"},
		{"nobody", nobody, "/"},
	} {
		fmt.Fprintf(&passwd, "%s:x:%d:%d::%s:/bin/sh\n", u.name, u.id, u.id, u.home)
		fmt.Fprintf(&group, "%s:x:%d:\n", u.name, u.id)
	}
	short, _, _ := strings.Cut(name, ".")
	files := map[string]string{
		"passwd":        passwd.String(),
		"group":         group.String() + "mail:x:8:\nnogroup:x:65533:\n",
		"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
		"hosts":         fmt.Sprintf("127.0.0.1 localhost\n%s %s %s\n", host, name, short),
		"resolv.conf":   "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
		"services":      "smtp 25/tcp mail\nsubmission 587/tcp\nsubmissions 465/tcp smtps\n",
		"mailname":      name + "\n",
	}
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o755); err != nil {
		return err
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, "etc", file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// write makes a file in the server's folder that all may read. It looks old, as Postfix waits for a second until nobody can
// be writing a file any more.
func (p *Peer) write(name, text string) error {
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	then := time.Now().Add(-time.Hour)
	return os.Chtimes(path, then, then)
}

// secret makes a file in the server's folder for one user and root.
func (p *Peer) secret(name, text string, owner int) error {
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Chown(path, owner, owner)
}

// folder makes one in the server's folder, with its parents, that belongs to a user.
func (p *Peer) folder(name string, owner int) error {
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return os.Chown(path, owner, owner)
}

// words are what stands for words in braces.
type words map[string]string

// fill writes a text with its words, and those that all have, replaced. What replaces them stays as it is.
func (p *Peer) fill(text string, more words) string {
	pairs := []string{
		"{dir}", p.dir, "{host}", p.host, "{name}", p.options.Name, "{domain}", p.options.Domain, "{package}", p.program.path(),
		"{mx}", portMX, "{submission}", portSubmission, "{submissions}", portSubmissions, "{loopback}", loopback,
	}
	for word, value := range more {
		pairs = append(pairs, word, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// addresses are those of the users, each with something behind it.
func (p *Peer) addresses(end func(user string) string) string {
	var b strings.Builder
	for _, user := range p.options.Users {
		b.WriteString(user + "@" + p.options.Domain + end(user))
	}
	return b.String()
}
