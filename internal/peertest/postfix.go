package peertest

import (
	"errors"
	"fmt"
	"strings"
)

// Postfix is Wietse Venema's.
func Postfix() Program {
	return Program{
		Name: "Postfix", SMTPUTF8: true, SCRAM: true, Unknown: "User unknown in virtual mailbox table",
		packages: []string{"postfix", "sasl2-bin"}, setUp: setUpPostfix,
	}
}

// The libraries of Postfix lie beside its programs, wherever those are.
const postfixStart = `export LD_LIBRARY_PATH={package}/usr/lib/postfix
{password}
{package}/usr/lib/postfix/sbin/master -s -c {dir}/config &
`

const postfixScript = postfixStart + "wait $!\n"

const postfixMain = `compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
daemon_directory = {package}/usr/lib/postfix/sbin
command_directory = {package}/usr/sbin
meta_directory = {dir}/config
shlib_directory = {package}/usr/lib/postfix
import_environment = MAIL_CONFIG TZ LD_LIBRARY_PATH
maillog_file = {dir}/log/mail
maillog_file_prefixes = {dir}
setgid_group = postdrop

myhostname = {name}
mydestination =
mynetworks =
inet_interfaces = {host}
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
transport_maps = texthash:{dir}/routes
smtputf8_enable = yes
message_size_limit = 60000000
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s

virtual_mailbox_domains = {domain}
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = texthash:{dir}/users
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}

smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = reject_unlisted_recipient{grey}
`

const postfixTLS = `
smtpd_tls_chain_files = {dir}/key.pem, {dir}/chain.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {dir}/sasl
smtpd_sasl_local_domain = {name}
smtpd_sasl_security_options = noanonymous
`

const postfixMaster = `{host}:{mx} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 1 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`

const postfixLogin = `{host}:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
{host}:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
`

const saslConfig = `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {dir}/sasl/db
mech_list: PLAIN LOGIN SCRAM-SHA-256
`

// savePassword puts the one login into the database of Cyrus SASL.
const savePassword = `{sasl}/usr/sbin/saslpasswd2 -p -c -f {dir}/sasl/db -u {name} {user} <sasl/password
chown postfix sasl/db`

func setUpPostfix(p *Peer) (string, error) {
	main, master, password := postfixMain, postfixMaster, ""
	if p.options.Certificate != nil {
		main += postfixTLS
	}
	if p.options.User != "" {
		master += postfixLogin
		password = p.fill(savePassword, "{sasl}", packagePath("sasl2-bin"), "{user}", p.options.User)
	}
	script := postfixScript
	if p.options.Hold {
		main, script = main+postfixHold, heldScript(postfixStart, postfixRelease)
	}
	policy := ""
	if p.options.Grey {
		port, err := serveGrey(p.t, talkPolicy)
		if err != nil {
			return "", err
		}
		policy = ", check_policy_service inet:127.0.0.1:" + port
	}
	err := errors.Join(
		p.postfixFolders(),
		p.write("config/main.cf", p.fill(main, "{uid}", fmt.Sprint(vmail), "{grey}", policy)),
		p.write("config/master.cf", p.fill(master)),
		p.write("sasl/smtpd.conf", p.fill(saslConfig)),
		p.secret("sasl/password", p.options.Password, root),
		p.write("users", p.postfixUsers()),
		p.write("routes", p.postfixRoutes()),
	)
	return p.fill(script, "{password}", password), err
}

// postfixFolders makes what "postfix check" would.
func (p *Peer) postfixFolders() error {
	err := errors.Join(p.folder("config", root), p.folder("sasl", root), p.folder("queue", root), p.folder("queue/pid", root), p.folder("data", postfix))
	for _, name := range strings.Fields("active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace") {
		err = errors.Join(err, p.folder("queue/"+name, postfix))
	}
	return err
}

func (p *Peer) postfixUsers() string {
	var b strings.Builder
	for _, user := range p.options.Users {
		fmt.Fprintf(&b, "%s@%s %s/\n", user, p.options.Domain, user)
	}
	return b.String()
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
