package peertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// OpenSMTPD is the OpenBSD project's. Debian 12's cannot serve TLS, whatever the key: OpenSSL 3 copies the key that one of
// its processes pretends to have, and no longer asks the other process, which has it
// (github.com/OpenSMTPD/OpenSMTPD/issues/1171). And without TLS it has no login.
func OpenSMTPD() Program {
	return Program{
		Name: "OpenSMTPD", Unknown: "Invalid recipient",
		packages: []string{"opensmtpd"}, setUp: setUpOpenSMTPD,
	}
}

const openScript = `mount --bind {package}/usr/libexec /usr/libexec
mkdir -p -m 711 spool/smtpd lib/opensmtpd/empty
{package}/usr/sbin/smtpd -d -f {dir}/smtpd.conf &
wait $!
`

const openMain = `table users file:{dir}/users
table known file:{dir}/known
smtp max-message-size 60M
queue ttl 1h
{filter}
listen on {host} port {mx} hostname {name} {grey}
action keep maildir "{dir}/mail/%{rcpt.user}" virtual <users>
match from any for domain {domain} rcpt-to <known> action keep
{routes}
`

// openGrey is a filter (smtpd-filters(7)) that knows pairs of sender and recipient by the lines of a file.
const openGrey = `#!/bin/sh
while IFS='|' read -r kind version time subsystem phase session token rest; do
  if [ "$kind|$version" = "config|ready" ]; then
    echo "register|report|smtp-in|tx-mail"
    echo "register|filter|smtp-in|rcpt-to"
    echo "register|ready"
  elif [ "$kind|$phase" = "report|tx-mail" ]; then
    eval "from_$session=\${rest%|*}"
  elif [ "$kind|$phase" = "filter|rcpt-to" ]; then
    eval "pair=\$from_$session' '\$rest"
    case "$seen" in
    *"<$pair>"*) echo "filter-result|$session|$token|proceed" ;;
    *) seen="$seen<$pair>"; echo "filter-result|$session|$token|reject|{reply}" ;;
    esac
  fi
done
`

func setUpOpenSMTPD(p *Peer) (string, error) {
	filled := words{"{routes}": p.openRoutes(), "{filter}": "", "{grey}": "", "{reply}": greyReply}
	if p.options.Grey {
		filled["{filter}"], filled["{grey}"] = p.fill(`filter grey proc-exec "/bin/sh {dir}/grey"`, nil), "filter grey"
	}
	return p.fill(openScript, nil), errors.Join(
		p.write("smtpd.conf", p.fill(openMain, filled)),
		p.write("users", p.addresses(func(string) string { return " vmail\n" })),
		p.write("known", p.addresses(func(string) string { return "\n" })),
		p.write("grey", p.fill(openGrey, filled)),
	)
}

// openRoutes are the ways on, for the server's own reports and, when it is open, for all. The first that fits is taken,
// so "*" comes last.
func (p *Peer) openRoutes() string {
	var domains []string
	for domain := range p.options.Routes {
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	slices.Reverse(domains) // "*" is before all letters
	from := "socket"
	if p.options.Open {
		from = "any"
	}
	var b strings.Builder
	for i, domain := range domains {
		what := "domain " + domain
		if domain == "*" {
			what = "any"
		}
		fmt.Fprintf(&b, "action way%d relay host smtp://%s helo %s\n", i, p.options.Routes[domain], p.options.Name)
		fmt.Fprintf(&b, "match from %s for %s action way%d\n", from, what, i)
	}
	return b.String()
}
