package peertest

import (
	"errors"
	"fmt"
	"strings"
)

// Exim is the University of Cambridge's, as Debian's default has it.
func Exim() Program {
	return Program{
		Name: "Exim", TLS: true, SMTPUTF8: true, EnvID: true, Unknown: "No such user here",
		packages: []string{"exim4-daemon-light"}, keyOwner: exim, setUp: setUpExim,
	}
}

func setUpExim(p *Peer) (string, error) {
	config, script := eximMain, eximScript
	filled := words{"{tls}": "", "{grey}": "", "{open}": "", "{user}": p.options.User, "{password}": p.options.Password}
	if p.options.Certificate != nil {
		config, filled["{tls}"] = config+eximTLS, "*"
	}
	if p.options.Open {
		filled["{open}"] = p.fill(eximOpen, nil)
	}
	if p.options.Grey {
		port, err := serveGrey(p.t, talkLine)
		if err != nil {
			return "", err
		}
		filled["{grey}"] = p.fill(eximGrey, words{"{port}": port, "{reply}": greyReply})
	}
	if p.options.Hold {
		config, filled["{grey}"], script = config+eximHold, p.fill(eximOpen, nil), heldScript(eximStart, eximRelease)
	}
	config += eximRest
	if p.options.User != "" {
		config += p.eximLogins()
	}
	err := errors.Join(
		p.folder("queue", exim), p.folder("log", exim), p.folder("etc/exim4", root),
		p.write("etc/exim4/exim4.conf", p.fill(config, filled)),
		p.write("users", p.eximUsers()),
		p.write("routes", p.eximRoutes()),
	)
	return p.fill(script, nil), err
}

func (p *Peer) eximLogins() string {
	switch p.options.Mechanism {
	case "PLAIN":
		return eximPlain
	case "LOGIN":
		return eximLogin
	}
	return eximPlain + eximLogin
}

// eximUsers is a table that gives each local part itself: Exim uses no name for a folder that came from outside.
func (p *Peer) eximUsers() string {
	var b strings.Builder
	for _, user := range p.options.Users {
		fmt.Fprintf(&b, "%s: %s\n", user, user)
	}
	return b.String()
}

func (p *Peer) eximRoutes() string {
	var b strings.Builder
	for domain, address := range p.options.Routes {
		fmt.Fprintf(&b, "%s: %s\n", domain, strings.Replace(address, ":", "::", 1))
	}
	return b.String()
}
