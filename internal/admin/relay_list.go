package admin

import (
	"context"
	"errors"
	"net"
	"strconv"

	"buzon/internal/cli"
	"buzon/internal/outbound"
	"buzon/internal/relays"
	"buzon/internal/store"
)

type relayList struct {
	JSON bool `help:"flag_json"`
}

type relayItem struct {
	Host  string `json:"host"`
	Port  int    `json:"port"`
	TLS   string `json:"tls"`  // implicit, starttls or none
	User  string `json:"user"` // "" does not log in
	OAuth bool   `json:"oauth"`
	For   string `json:"for"` // domain of the recipients; "" is all
}

// Run lists the relays in the order in which they are tried. Their passwords stay where they are.
func (cmd *relayList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	relays, err := st.Relays(ctx)
	if err != nil {
		return err
	}
	var items []relayItem
	for _, r := range relays {
		items = append(items, relayItem{r.Host, r.Port, r.TLS, r.User, r.OAuth, r.For})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_relays", "none_relays", func(i relayItem) []string {
		recipients := i.For
		if recipients == "" {
			recipients = d.Say("word_everybody")
		}
		return []string{net.JoinHostPort(i.Host, strconv.Itoa(i.Port)), i.TLS, orDash(i.User), recipients}
	})
}

type relayPresets struct {
	JSON bool `help:"flag_json"`
}

type presetItem struct {
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	TLS      string `json:"tls"`
	User     string `json:"user"` // the same for everybody; "" is one's own
	OAuth    bool   `json:"oauth"`
	SPF      string `json:"spf"`      // to include in one's own SPF record
	OwnOnly  bool   `json:"own_only"` // one's own domain must be made known to the provider
	Hint     string `json:"hint"`     // where name and password come from
	Page     string `json:"page"`     // of the provider, on that
}

// Run lists the providers that relay set knows by name.
func (cmd *relayPresets) Run(_ context.Context, d *Desk) error {
	var items []presetItem
	for _, p := range outbound.Presets() {
		item := presetItem{p.Name, p.Title, p.Host, p.Port, p.TLS, p.User, p.OAuth, p.SPF, p.OwnOnly, "", p.Page}
		if p.Hint != "" {
			item.Hint = d.Say(p.Hint, "provider", p.Title)
		}
		items = append(items, item)
	}
	return cli.List(d.Console, cmd.JSON, items, "head_presets", "none_presets", func(i presetItem) []string {
		return []string{i.Name, i.Provider, net.JoinHostPort(i.Host, strconv.Itoa(i.Port)), i.TLS, orDash(i.Page)}
	})
}

type relayRemove struct {
	Relay string `arg:"" help:"arg_relay_host"`
	For   string `help:"flag_relay_for_remove" placeholder:"word_domain"`
}

// Run ends the use of a relay.
func (cmd *relayRemove) Run(ctx context.Context, d *Desk) error {
	host, port, err := relays.Address(cmd.Relay)
	if err != nil {
		return cli.Fail("error_relay_host", "relay", cmd.Relay)
	}
	if preset, known := outbound.FindPreset(host); known {
		host = preset.Host
	}
	recipients := ""
	if cmd.For != "" {
		if recipients, err = domain(cmd.For); err != nil {
			return err
		}
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	err = st.RemoveRelay(ctx, host, port, recipients)
	if errors.Is(err, store.ErrNoRelay) {
		return cli.Fail("error_no_relay", "relay", cmd.Relay)
	}
	if err != nil {
		return err
	}
	d.Println("done_relay_remove", "relay", cmd.Relay)
	return nil
}
