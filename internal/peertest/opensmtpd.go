package peertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// OpenSMTPD is the OpenBSD project's.
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
smtp max-message-size 60M
queue ttl 1h
{pki}
{filter}
listen on {host} port {mx} hostname {name} {mxtls} {grey}
{login}
action keep maildir "{dir}/mail/%{rcpt.user}" virtual <users>
match from any for domain {domain} action keep
{routes}
`

const openPKI = `pki {name} cert "{dir}/chain.pem"
pki {name} key "{dir}/key.pem"
`

const openLogin = `table logins file:{dir}/logins
listen on {host} port {submission} hostname {name} tls-require pki {name} auth <logins>
listen on {host} port {submissions} hostname {name} smtps pki {name} auth <logins>
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
	words := map[string]string{"{routes}": p.openRoutes()}
	if p.options.Certificate != nil {
		words["{pki}"], words["{mxtls}"] = openPKI, "tls pki {name}"
	}
	if p.options.User != "" {
		words["{login}"] = openLogin
	}
	if p.options.Grey {
		words["{filter}"], words["{grey}"] = `filter grey proc-exec "/bin/sh {dir}/grey"`, "filter grey"
	}
	config := openMain
	for _, word := range []string{"{routes}", "{pki}", "{mxtls}", "{login}", "{filter}", "{grey}"} {
		config = strings.ReplaceAll(config, word, words[word])
	}
	logins, err := p.openLogins()
	return p.fill(openScript), errors.Join(err,
		p.write("smtpd.conf", p.fill(config)),
		p.write("users", p.openUsers()),
		p.write("logins", logins),
		p.write("grey", p.fill(openGrey, "{reply}", greyReply)),
	)
}

func (p *Peer) openUsers() string {
	var b strings.Builder
	for _, user := range p.options.Users {
		fmt.Fprintf(&b, "%s@%s vmail\n", user, p.options.Domain)
	}
	return b.String()
}

func (p *Peer) openLogins() (string, error) {
	if p.options.User == "" {
		return "", nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(p.options.Password), bcrypt.MinCost)
	return fmt.Sprintf("%s %s\n", p.options.User, hash), err
}

// openRoutes are the ways on, for those who are logged in and for the server's own reports. The first that fits is taken,
// so "*" comes last.
func (p *Peer) openRoutes() string {
	var domains []string
	for domain := range p.options.Routes {
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	slices.Reverse(domains) // "*" is before all letters
	var b strings.Builder
	for i, domain := range domains {
		what := "domain " + domain
		if domain == "*" {
			what = "any"
		}
		fmt.Fprintf(&b, "action way%d relay host smtp://%s helo {name}\n", i, p.options.Routes[domain])
		fmt.Fprintf(&b, "match from local for %s action way%d\nmatch auth from any for %s action way%d\n", what, i, what, i)
	}
	return b.String()
}
