package admin

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/store"
)

type relayCommands struct {
	Set     relaySet     `cmd:"" help:"help_relay_set"`
	List    relayList    `cmd:"" help:"help_relay_list"`
	Remove  relayRemove  `cmd:"" help:"help_relay_remove"`
	Presets relayPresets `cmd:"" help:"help_relay_presets"`
	Test    relayTest    `cmd:"" help:"help_relay_test"`
}

type relaySet struct {
	Relay string `arg:"" help:"arg_relay"`
	TLS   string `name:"tls" help:"flag_relay_tls" placeholder:"word_relay_tls"`
	User  string `help:"flag_relay_user" placeholder:"word_name"`
	For   string `help:"flag_relay_for" placeholder:"word_domain"`
	OAuth bool   `name:"oauth" help:"flag_relay_oauth"`
	Force bool   `help:"flag_relay_force"`
}

// Run adds a relay or changes it. What could be wrong is looked at before anybody is asked for a password.
func (cmd *relaySet) Run(ctx context.Context, d *Desk) error {
	r, preset, err := cmd.relay()
	if err != nil {
		return err
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if r.User != "" {
		if preset.Hint != "" {
			d.Note(preset.Hint, "provider", preset.Title)
		}
		if r.Password, err = d.Secret(ctx, "ask_relay_password"); err != nil {
			return err
		}
	}
	if err := st.SetRelay(ctx, r); err != nil {
		return explain(err, cmd.Relay)
	}
	d.tellRelay(st, r)
	if preset.OwnOnly {
		d.Println("done_relay_own_only", "provider", preset.Title)
	}
	return nil
}

// relay is what the command line means, completed by what is known of the provider.
func (cmd *relaySet) relay() (r store.Relay, preset outbound.Preset, err error) {
	if cmd.TLS != "" && !slices.Contains(tlsWays(), cmd.TLS) {
		return r, preset, cli.Misuse("usage_choice", "flag", "--tls", "choices", strings.Join(tlsWays(), ", "))
	}
	r = store.Relay{TLS: cmd.TLS, User: cmd.User, OAuth: cmd.OAuth}
	if r.Host, r.Port, err = relayAddress(cmd.Relay); err != nil {
		return r, preset, err
	}
	if cmd.For != "" {
		if r.For, err = domain(cmd.For); err != nil {
			return r, preset, err
		}
	}
	preset, known := outbound.FindPreset(r.Host)
	if known {
		applyPreset(&r, preset)
	}
	applyUsual(&r)
	switch {
	case r.User == "" && (known || r.OAuth):
		return r, preset, cli.Fail("error_relay_user", "relay", cmd.Relay)
	case r.TLS == outbound.TLSNone && !loopback(r.Host) && !cmd.Force:
		return r, preset, cli.Fail("error_relay_plain", "relay", cmd.Relay)
	}
	return r, preset, nil
}

func tlsWays() []string {
	return []string{outbound.TLSImplicit, outbound.TLSStart, outbound.TLSNone}
}

// applyPreset fills in what was not typed.
func applyPreset(r *store.Relay, p outbound.Preset) {
	r.Host = p.Host
	if r.Port == 0 && (r.TLS == "" || r.TLS == p.TLS) {
		r.Port = p.Port
	}
	if r.TLS == "" && r.Port == p.Port {
		r.TLS = p.TLS
	}
	if r.User == "" {
		r.User = p.User
	}
	r.OAuth = r.OAuth || p.OAuth
}

// Ports of submission (RFC 8314 §7.3, RFC 6409 §3.1) and of plain SMTP.
const (
	portImplicit = 465
	portStart    = 587
	portPlain    = 25
)

// applyUsual takes port and TLS for one another, as is usual. In this machine nobody listens in between.
func applyUsual(r *store.Relay) {
	switch {
	case r.TLS != "":
	case r.Port == portImplicit:
		r.TLS = outbound.TLSImplicit
	case loopback(r.Host):
		r.TLS = outbound.TLSNone
	default:
		r.TLS = outbound.TLSStart
	}
	if r.Port == 0 {
		r.Port = map[string]int{outbound.TLSImplicit: portImplicit, outbound.TLSStart: portStart, outbound.TLSNone: portPlain}[r.TLS]
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost")
}

// relayAddress reads HOST, HOST:PORT, an IP address, or one in brackets with a port; port is 0 where there is none.
func relayAddress(s string) (host string, port int, err error) {
	host = strings.TrimSpace(s)
	if h, p, err := net.SplitHostPort(host); err == nil {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, cli.Fail("error_relay_host", "relay", s)
		}
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String(), port, nil
	}
	a, err := message.ParseAddress("postmaster@" + strings.TrimSuffix(host, "."))
	if err != nil || strings.HasPrefix(a.Domain, "[") {
		return "", 0, cli.Fail("error_relay_host", "relay", s)
	}
	return a.Domain, port, nil
}

// tellRelay says what leaves through it now, and when it does not.
func (d *Desk) tellRelay(st *store.Store, r store.Relay) {
	if r.For != "" {
		d.Println("done_relay_set_for", "relay", relayText(r), "domain", r.For)
		return
	}
	d.Println("done_relay_set", "relay", relayText(r))
	switch st.Settings().SendWay {
	case config.WayAuto:
		d.Println("done_relay_auto")
	case config.WayDirect:
		d.Println("done_relay_direct")
	}
}

func relayText(r store.Relay) string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }
