package peertest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// Postfix is Wietse Venema's.
func Postfix() Program {
	return Program{
		Name: "Postfix", TLS: true, SMTPUTF8: true, EnvID: true, SCRAM: true, Unknown: "User unknown in virtual mailbox table",
		packages: []string{"postfix", "sasl2-bin"}, setUp: setUpPostfix,
	}
}

func setUpPostfix(p *Peer) (string, error) {
	main, script := postfixMain+postfixServes, postfixScript
	if p.options.Hold {
		main, script = postfixMain+postfixHolds, heldScript(postfixStart, postfixRelease)
	}
	if p.options.Certificate != nil {
		main += postfixTLS
	}
	filled := words{"{uid}": fmt.Sprint(vmail), "{networks}": "", "{grey}": "", "{password}": ""}
	if p.options.Open {
		filled["{networks}"] = loopback
	}
	if p.options.Grey {
		port, err := serveGrey(p.t, talkPolicy)
		if err != nil {
			return "", err
		}
		filled["{grey}"] = ", check_policy_service inet:127.0.0.1:" + port
	}
	if p.options.User != "" {
		filled["{password}"] = p.fill(savePassword, words{"{sasl}": packagePath("sasl2-bin"), "{user}": p.options.User})
	}
	err := errors.Join(
		p.postfixFolders(),
		p.write("config/main.cf", p.fill(main, filled)),
		p.write("config/master.cf", p.fill(p.postfixServices(), nil)),
		p.write("users", p.addresses(func(user string) string { return " " + user + "/\n" })),
		p.write("routes", p.postfixRoutes()),
		p.write("config/sasl/smtpd.conf", p.fill(saslConfig, words{"{mechanisms}": cmp.Or(p.options.Mechanism, saslMechanisms)})),
		p.secret("sasl/password", p.options.Password+"\n", root),
	)
	return p.fill(script, filled), err
}

// postfixServices is master.cf.
func (p *Peer) postfixServices() string {
	if p.options.User == "" {
		return postfixMaster
	}
	return postfixMaster + postfixLogin
}

// postfixFolders makes what "postfix check" would.
func (p *Peer) postfixFolders() error {
	err := errors.Join(p.folder("config/sasl", root), p.folder("sasl", root), p.folder("queue", root), p.folder("queue/pid", root), p.folder("data", postfix))
	for _, name := range strings.Fields("active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace") {
		err = errors.Join(err, p.folder("queue/"+name, postfix))
	}
	return err
}

// postfixRoutes is the table of transport(5). What has no route is bounced.
func (p *Peer) postfixRoutes() string {
	routes := map[string]string{"*": "error:5.4.4 no route to this domain"}
	for domain, address := range p.options.Routes {
		routes[domain] = "smtp:" + bracketed(address)
	}
	routes[p.options.Domain] = "virtual:"
	var b strings.Builder
	for domain, way := range routes {
		fmt.Fprintf(&b, "%s %s\n", domain, way)
	}
	return b.String()
}

// bracketed writes an address without a look-up of its MX.
func bracketed(address string) string {
	host, port, _ := strings.Cut(address, ":")
	return "[" + host + "]:" + port
}
