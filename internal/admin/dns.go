package admin

import (
	"context"
	"net/netip"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/zone"
)

type dnsCommand struct {
	Domain  string   `arg:"" help:"arg_domain"`
	Address []string `help:"flag_address" placeholder:"word_address"`
	Write   bool     `help:"flag_dns_write"`
	Yes     bool     `help:"flag_yes"`
	JSON    bool     `help:"flag_json"`
}

type recordItem struct {
	Name    string `json:"name"` // whole, without the final dot
	Type    string `json:"type"`
	TTL     int    `json:"ttl"`   // seconds
	Value   string `json:"value"` // as in a zone file; of a TXT unquoted and in one piece
	Purpose string `json:"purpose"`
}

// Run prints what has to stand in DNS for a domain, or puts it there.
func (cmd *dnsCommand) Run(ctx context.Context, d *Desk) error {
	addresses, err := cmd.addresses()
	if err != nil {
		return err
	}
	st, name, err := d.ourDomain(ctx, cmd.Domain)
	if err != nil {
		return err
	}
	if cmd.Write {
		return cmd.write(ctx, d, st, name, addresses)
	}
	f, err := records.Facts(ctx, st, d.ring(st), name, records.PublicAddresses())
	if err != nil {
		return err
	}
	if len(addresses) > 0 {
		f.Addresses = addresses
	}
	list, err := zone.Records(f)
	if err != nil {
		return err
	}
	d.noteGaps(st, f)
	if !cmd.JSON {
		return d.zoneFile(name, list)
	}
	items := []recordItem{}
	for _, r := range list {
		purpose := strings.TrimPrefix(string(r.Purpose), "dns_")
		items = append(items, recordItem{r.Name, r.Type, int(r.TTL.Seconds()), r.Value, purpose})
	}
	return d.JSON(items)
}

func (cmd *dnsCommand) addresses() ([]netip.Addr, error) {
	var list []netip.Addr
	for _, s := range cmd.Address {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.IsUnspecified() {
			return nil, cli.Fail("error_ip_address", "address", s)
		}
		list = append(list, a)
	}
	return list, nil
}

// ourDomain opens the file and sees that the domain is one of ours.
func (d *Desk) ourDomain(ctx context.Context, s string) (*store.Store, string, error) {
	name, err := domain(s)
	if err != nil {
		return nil, "", err
	}
	st, err := d.store(ctx)
	if err != nil {
		return nil, "", err
	}
	ours, err := st.IsLocalDomain(ctx, name)
	if err == nil && !ours {
		err = cli.Fail("error_domain_unknown", "domain", name)
	}
	return st, name, err
}

func (d *Desk) zoneFile(domain string, records []zone.Record) error {
	return zone.WriteFile(d.Out, domain, records, func(p zone.Purpose) string { return d.Say(string(p)) })
}

// noteGaps says beside the records what we do not know and the person does.
func (d *Desk) noteGaps(st *store.Store, f zone.Facts) {
	if st.Settings().ServerName == "" {
		d.Note("note_dns_host", "host", f.Host)
	}
	if len(f.Addresses) == 0 && zone.Within(f.Host, f.Domain) {
		d.Note("note_dns_address", "host", f.Host, "domain", f.Domain)
	}
	if f.Out.Unknown {
		d.Note("note_dns_relay")
	}
}
