package peertest

const eximScript = `{package}/usr/sbin/exim4 -bdf -q1s &
wait $!
`

const eximMain = `exim_path = {package}/usr/sbin/exim4
spool_directory = {dir}/queue
log_file_path = {dir}/log/%slog
log_selector = -queue_run
pid_file_path = {dir}/exim.pid
primary_hostname = {name}
local_interfaces = {host}
daemon_smtp_ports = {mx} : {submission} : {submissions}
host_lookup =
dns_dnssec_ok = 0
keep_environment =
message_size_limit = 60M
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
domainlist ours = {domain}
acl_smtp_rcpt = rcpt
tls_advertise_hosts = {tls}
`

const eximTLS = `tls_certificate = {dir}/chain.pem
tls_privatekey = {dir}/key.pem
tls_on_connect_ports = {submissions}
auth_advertise_hosts = ${if and {{def:tls_in_cipher}{!eq{$received_port}{{mx}}}} {*}}
`

const eximRest = `
begin acl
rcpt:
{grey}
  deny domains = +ours
       ! verify = recipient
       message = No such user here
  accept domains = +ours
  accept authenticated = *
{open}  deny message = relay not permitted

begin routers
keep:
  driver = accept
  domains = +ours
  local_parts = lsearch;{dir}/users
  transport = keep
on:
  driver = manualroute
  domains = ! +ours
  route_data = ${lookup {$domain} lsearch* {{dir}/routes}}
  host_find_failed = fail
  self = send
  transport = on

begin transports
keep:
  driver = appendfile
  directory = {dir}/mail/$local_part_data
  maildir_format
  user = vmail
  group = vmail
  check_string =
  escape_string =
on:
  driver = smtp
  allow_localhost
  hosts_avoid_tls = *

begin retry
* * F,1h,1s

begin authenticators
`

const eximOpen = "  accept hosts = {loopback}\n"

// eximGrey asks the test itself, as an ACL cannot make a file.
const eximGrey = `  defer message = {reply}
        condition = ${if eq{new}{${readsocket{inet:127.0.0.1:{port}}{$sender_address $local_part@$domain\n}}}}
`

const eximPlain = `plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and {{eq{$auth2}{{user}}} {eq{$auth3}{{password}}}}}
  server_set_id = $auth2
`

const eximLogin = `login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and {{eq{$auth1}{{user}}} {eq{$auth2}{{password}}}}}
  server_set_id = $auth1
`
