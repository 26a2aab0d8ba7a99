package clienttest

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/internal/dkim"
)

// OpenDKIM, which many receivers run, finds both signatures right, and finds out what was changed.
func TestOpenDKIM(t *testing.T) {
	need(t, "opendkim")
	o := newOpenDKIM(t)
	for name, mail := range signedMails() {
		signatures := o.sign(t, mail)
		verdict := o.verify(t, signatures+mail)
		for _, algorithm := range []string{"rsa", "ed25519"} {
			pass := regexp.MustCompile(`dkim=pass .*header.d=xn--muoz-hqa.example .*header.a=` + algorithm + `-sha256 header.s=b2026a-` + algorithm)
			if !pass.MatchString(verdict) {
				t.Errorf("%s: %s does not pass: %s\n%s", name, algorithm, verdict, signatures)
			}
		}
		for what, changed := range map[string]string{
			"another subject": strings.Replace(mail, "Subject: ", "Subject: Re: ", 1),
			"a second From":   "From: eve@example.net\r\n" + mail,
			"a Reply-To":      "Reply-To: eve@example.net\r\n" + mail,
			"more text":       mail + "Pay at once.\r\n",
		} {
			if verdict := o.verify(t, signatures+changed); strings.Contains(verdict, "dkim=pass") || !strings.Contains(verdict, "dkim=fail") {
				t.Errorf("%s, %s: %s", name, what, verdict)
			}
		}
	}
}

func signedMails() map[string]string {
	const header = "From: Ana <ana@muñoz.example>\r\nTo: luis@example.net\r\nSubject: Hello,\r\n\tfolded   here \r\n" +
		"Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@muñoz.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n"
	return map[string]string{
		"plain":           header + "\r\nHello  Luis, \t\r\n\r\n how are you?\r\n\r\n\r\n",
		"no body":         header + "\r\n",
		"two recipients":  "To: eva@example.net\r\nCc: x@example.net\r\nReferences: <1@x>\r\n <2@x>\r\n" + header + "\r\nHello\r\n",
		"a list's fields": "List-Id: <l.example.org>\r\nList-Unsubscribe: <https://x.example/>\r\n" + header + "\r\nseñor\r\n",
		"large":           header + "\r\n" + strings.Repeat("The quick brown fox jumps over  the lazy dog. \r\n", 20000),
	}
}

// openDKIM verifies with keys that it finds in a file in place of DNS.
type openDKIM struct {
	*box
	signer *dkim.Signer
	config string
}

func newOpenDKIM(t *testing.T) *openDKIM {
	t.Helper()
	const domain = "muñoz.example"
	pair, err := dkim.NewPair("b2026a")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dkim.NewSigner(domain, pair)
	if err != nil {
		t.Fatal(err)
	}
	var published strings.Builder
	for _, key := range pair {
		record, err := key.Record()
		if err != nil {
			t.Fatal(err)
		}
		published.WriteString(key.Name(domain) + " " + record + "\n")
	}
	dir := t.TempDir()
	o := &openDKIM{box: &box{t: t, dir: dir}, signer: signer, config: filepath.Join(dir, "opendkim.conf")}
	keys := filepath.Join(dir, "keys")
	writeFile(t, keys, published.String())
	writeFile(t, o.config, "Mode v\nSyslog no\nTestPublicKeys "+keys+"\n")
	return o
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (o *openDKIM) sign(t *testing.T, mail string) string {
	t.Helper()
	now := time.Now()
	fields, err := o.signer.Sign(io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), now, now.Add(dkim.Lifetime))
	if err != nil {
		t.Fatal(err)
	}
	return string(fields)
}

// verify is all that opendkim says of a mail. It ends with an error where a signature is wrong.
func (o *openDKIM) verify(t *testing.T, mail string) string {
	t.Helper()
	file := filepath.Join(o.dir, "mail.eml")
	writeFile(t, file, mail)
	said, err := o.try(t, "", "opendkim", "-x", o.config, "-vv", "-t", file)
	if err != nil {
		said += err.Error()
	}
	return said
}
