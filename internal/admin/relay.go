package admin

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/outbound"
	"buzon/internal/relays"
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
func (cmd *relaySet) relay() (store.Relay, outbound.Preset, error) {
	r, preset, err := relays.Complete(relays.Wish{Relay: cmd.Relay, TLS: cmd.TLS, User: cmd.User, For: cmd.For, OAuth: cmd.OAuth, Force: cmd.Force})
	switch {
	case errors.Is(err, relays.ErrTLS):
		err = cli.Misuse("usage_choice", "flag", "--tls", "choices", strings.Join(relays.Ways(), ", "))
	case errors.Is(err, relays.ErrHost):
		err = cli.Fail("error_relay_host", "relay", cmd.Relay)
	case errors.Is(err, relays.ErrFor):
		err = cli.Fail("error_domain", "domain", cmd.For)
	case errors.Is(err, relays.ErrUser):
		err = cli.Fail("error_relay_user", "relay", cmd.Relay)
	case errors.Is(err, relays.ErrPlain):
		err = cli.Fail("error_relay_plain", "relay", cmd.Relay)
	}
	return r, preset, err
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
