package admin

import (
	"context"
	"errors"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/dns"
	"buzon/internal/keyring"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/zone"
)

type dkimCommands struct {
	List   dkimList   `cmd:"" help:"help_dkim_list"`
	Rotate dkimRotate `cmd:"" help:"help_dkim_rotate"`
}

type dkimList struct {
	Domain string `arg:"" help:"arg_domain"`
	JSON   bool   `help:"flag_json"`
}

type dkimItem struct {
	Selector  string    `json:"selector"`
	Algorithm string    `json:"algorithm"`
	State     string    `json:"state"` // next, active or retired
	Since     time.Time `json:"since"` // in this state
	Name      string    `json:"name"`  // of the TXT record
	Record    string    `json:"record"`
}

// Run lists the keys with which mail from a domain is signed.
func (cmd *dkimList) Run(ctx context.Context, d *Desk) error {
	st, name, err := d.ourDomain(ctx, cmd.Domain)
	if err != nil {
		return err
	}
	keys, err := d.ring(st).Keys(ctx, name, "")
	if err != nil {
		return err
	}
	var items []dkimItem
	for _, k := range keys {
		items = append(items, dkimItem{k.Selector, k.Algorithm, k.State, k.Changed.UTC(), k.Name, k.Record})
	}
	states := map[string]string{
		store.KeyNext: "dkim_next", store.KeyActive: "dkim_active", store.KeyRetired: "dkim_retired",
	}
	return cli.List(d.Console, cmd.JSON, items, "head_dkim", "none_dkim", func(i dkimItem) []string {
		return []string{i.Selector, i.Algorithm, day(i.Since), d.Say(states[i.State])}
	})
}

type dkimRotate struct {
	Domain string `arg:"" help:"arg_domain"`
	Now    bool   `help:"flag_dkim_now"`
}

// Run makes the next pair of keys, and when DNS has it lets it sign.
func (cmd *dkimRotate) Run(ctx context.Context, d *Desk) error {
	st, name, err := d.ourDomain(ctx, cmd.Domain)
	if err != nil {
		return err
	}
	ring := d.ring(st)
	next, err := ring.Keys(ctx, name, store.KeyNext)
	if err != nil {
		return err
	}
	if len(next) == 0 {
		return cmd.begin(ctx, d, ring, name)
	}
	if !cmd.Now {
		if err := d.allSeen(ctx, ring, name); err != nil {
			return err
		}
	}
	return d.turn(ctx, ring, name)
}

// begin makes the next pair and says what to publish.
func (cmd *dkimRotate) begin(ctx context.Context, d *Desk, ring keyring.Ring, domain string) error {
	if err := ring.EnsureKeys(ctx, domain); err != nil { // or there were nothing to rotate from
		return err
	}
	next, err := ring.Begin(ctx, domain)
	if err != nil {
		return err
	}
	if err := d.zoneFile(domain, zone.KeyRecords(records.Keys(next))); err != nil {
		return err
	}
	if cmd.Now {
		return d.turn(ctx, ring, domain)
	}
	d.Note("done_dkim_begin", "domain", domain)
	return nil
}

// allSeen is the error that names what of the next pair DNS does not publish.
func (d *Desk) allSeen(ctx context.Context, ring keyring.Ring, domain string) error {
	unseen, err := ring.Unseen(ctx, domain)
	if err != nil || len(unseen) == 0 {
		return err
	}
	if err := d.zoneFile(domain, zone.KeyRecords(records.Keys(unseen))); err != nil {
		return err
	}
	var names []string
	for _, k := range unseen {
		names = append(names, k.Name)
	}
	return cli.Fail("error_dkim_unseen", "names", strings.Join(names, ", "), "domain", domain)
}

func (d *Desk) turn(ctx context.Context, ring keyring.Ring, domain string) error {
	// The nightly care of a running server may have been quicker: then it is done as well.
	if err := ring.Turn(ctx, domain); err != nil && !errors.Is(err, store.ErrNoDKIMKey) {
		return err
	}
	d.Println("done_dkim_turn", "domain", domain, "days", int(keyring.Keep/(24*time.Hour)))
	return nil
}

// ring is the DKIM keys of the file.
func (d *Desk) ring(st *store.Store) keyring.Ring {
	client := dns.NewClient(dns.Options{Now: d.now, Settings: func() dns.Settings {
		s := st.Settings()
		return dns.Settings{Server: s.Resolver, Trusted: s.TrustResolver}
	}})
	return keyring.Ring{Store: st, Now: d.now, Lookup: func(ctx context.Context, name string) ([]string, error) {
		answer, err := client.TXT(ctx, name)
		return answer.Records, err
	}}
}
