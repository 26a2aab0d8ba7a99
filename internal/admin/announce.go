package admin

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/listen"
	"buzon/internal/store"
)

// Announcement is what a server tells on its console when it has begun, and when something of it has changed.
type Announcement struct {
	Code     string         // with which the box gets its owner; "" where it has one
	CodeFile string         // where the code stands, too
	Local    string         // our name in the home network; "" where nobody answers for it
	Page     netip.AddrPort // where the page listens
	Ports    []listen.Port  // that are open
	Data     string         // the one file
}

// Announce prints how the box gets its owner, or what listens where; and how to begin.
func Announce(ctx context.Context, c *cli.Console, st *store.Store, a Announcement) error {
	var err error
	if a.Code != "" {
		err = a.printCode(c)
	} else {
		err = c.Table("head_ports", portRows(c, a.Ports))
	}
	return errors.Join(err, firstSteps(ctx, c, st, a.Data))
}

// printCode prints the code and where it is to be typed.
func (a Announcement) printCode(c *cli.Console) error {
	pages, err := a.pages()
	c.Println("claim_code", "pages", "  "+strings.Join(pages, "\n  "), "code", a.Code, "file", a.CodeFile)
	return err
}

// pages are the addresses of the page in the home network: by name, where somebody answers for it, and by number, since not
// all phones ask. Beside an error it gives what there is.
func (a Announcement) pages() (list []string, err error) {
	var hosts []string
	if a.Local != "" {
		hosts = append(hosts, a.Local)
	}
	addrs, err := listen.Reached(a.Page.Addr())
	for _, addr := range addrs {
		hosts = append(hosts, addr.String())
	}
	for _, host := range hosts {
		list = append(list, "http://"+strings.TrimSuffix(net.JoinHostPort(host, strconv.Itoa(int(a.Page.Port()))), ":80"))
	}
	return list, err
}

// portRows is what listens where.
func portRows(c *cli.Console, ports []listen.Port) (rows [][]string) {
	for _, p := range ports {
		encryption := "STARTTLS"
		if p.ImplicitTLS {
			encryption = "TLS"
		} else if p.Name == "http" {
			encryption = "-"
		}
		rows = append(rows, []string{p.Name, p.Addr().String(), encryption, c.Say(p.Purpose)})
	}
	return rows
}

// firstSteps tells how to begin where there is no account yet; file is the one to begin in.
func firstSteps(ctx context.Context, c *cli.Console, st *store.Store, file string) error {
	accounts, err := st.Accounts(ctx)
	if err != nil || len(accounts) > 0 {
		return err
	}
	c.Println("serve_accounts_none", "data", " --data "+file)
	return nil
}
