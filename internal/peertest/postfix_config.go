package peertest

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
mynetworks = {networks}
local_header_rewrite_clients =
inet_interfaces = 127.0.0.1
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

virtual_mailbox_domains = {domain}
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = texthash:{dir}/users
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
`

// postfixServes is for a server that passes on at once what it takes.
const postfixServes = `
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = reject_unlisted_recipient{grey}
`

const postfixTLS = `
smtpd_tls_chain_files = {dir}/key.pem, {dir}/chain.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
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

const saslMechanisms = "PLAIN LOGIN SCRAM-SHA-256"

// saslConfig is config/sasl/smtpd.conf, where Debian has moved it to.
const saslConfig = `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {dir}/sasl/db
mech_list: {mechanisms}
`

// savePassword puts the one login into the database of Cyrus SASL.
const savePassword = `{sasl}/usr/sbin/saslpasswd2 -p -c -f {dir}/sasl/db -u {name} {user} <sasl/password
chown postfix sasl/db`
