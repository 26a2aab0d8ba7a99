package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/text"
)

// DemoDomain can never be anybody's (RFC 2606 §2).
const DemoDomain = "example.test"

// Person is somebody of the demo.
type Person struct {
	Address  message.Address
	Password string
}

// Demo fills an empty file for people who want to look, and tells them how: a domain, two accounts with random passwords
// and a welcome mail for the first. port tells which port takes the place of a standard one.
func Demo(ctx context.Context, c *cli.Console, st *store.Store, now time.Time, port func(standard int) int) error {
	if err := st.Set(ctx, "language", c.Lang); err != nil {
		return err
	}
	if err := st.AddDomain(ctx, DemoDomain); err != nil {
		return err
	}
	ana, luis := person("ana"), person("luis")
	for _, p := range []Person{ana, luis} {
		if _, err := st.AddAccount(ctx, p.Address, p.Password); err != nil {
			return err
		}
	}
	if err := welcome(ctx, st, c.Catalogue, ana.Address, now); err != nil {
		return err
	}
	c.Println("try",
		"ana", ana.Address, "ana_password", ana.Password,
		"luis", luis.Address, "luis_password", luis.Password,
		"imaps", port(993), "pop3s", port(995), "smtps", port(465),
		"imap", port(143), "pop3", port(110), "submission", port(587))
	return nil
}

func person(name string) Person {
	password := strings.ToLower(rand.Text()[:12]) // 60 bits, and easy to type on a phone
	return Person{message.Address{Local: name, Domain: DemoDomain}, password}
}

func welcome(ctx context.Context, st *store.Store, words *text.Catalogue, to message.Address, now time.Time) error {
	acc, err := st.Account(ctx, to)
	if err != nil {
		return err
	}
	mail := welcomeMail(words, to, now)
	return st.Accept(ctx, store.Incoming{
		Body:    io.NewSectionReader(bytes.NewReader(mail), 0, int64(len(mail))),
		Deliver: []store.Delivery{{Account: acc.ID}},
	})
}

func welcomeMail(words *text.Catalogue, to message.Address, now time.Time) []byte {
	var mail bytes.Buffer
	for _, field := range []string{
		"From: Buzon <postmaster@" + DemoDomain + ">",
		"To: <" + to.String() + ">",
		"Subject: " + mime.QEncoding.Encode("utf-8", words.Say("welcome_subject")),
		"Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + rand.Text() + "@" + DemoDomain + ">",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"Content-Transfer-Encoding: quoted-printable",
		"Auto-Submitted: auto-generated", // RFC 3834 §5: no vacation message answers it
		"",
	} {
		fmt.Fprintf(&mail, "%s\r\n", field)
	}
	body := quotedprintable.NewWriter(&mail)
	io.WriteString(body, strings.ReplaceAll(words.Say("welcome_body"), "\n", "\r\n")+"\r\n")
	body.Close() // neither fails into memory
	return mail.Bytes()
}
