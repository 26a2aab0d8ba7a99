package admin

import (
	"context"
	"net/netip"

	"buzon/internal/config"
	"buzon/internal/keyring"
	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/store"
	"buzon/internal/zone"
)

// NoteTrusted is the name of the note (store.Note) that says "yes" while the appliance shows a certificate that the
// world trusts for its name: only then is its MTA-STS policy more than a test.
const NoteTrusted = "tls.trusted"

// facts gathers what the records of a domain follow from.
func (d *Desk) facts(ctx context.Context, st *store.Store, name string) (zone.Facts, error) {
	f := zone.Facts{
		Domain:    name,
		Host:      "mail." + name,
		Addresses: publicAddresses(),
		Reports:   message.Address{Local: "postmaster", Domain: name}, // whom every domain has (RFC 5321 §4.5.1)
		Services:  zone.Services(),
	}
	if host, err := domain(st.Settings().ServerName); err == nil {
		f.Host = host
	}
	trusted, _, _, err := st.Noted(ctx, NoteTrusted)
	if err != nil {
		return f, err
	}
	f.Enforce = trusted == "yes"
	if f.Out, err = waysOut(ctx, st); err != nil {
		return f, err
	}
	f.Keys, err = d.publicKeys(ctx, st, name)
	return f, err
}

// waysOut tells by which servers mail leaves. "auto" may take any way.
func waysOut(ctx context.Context, st *store.Store) (zone.WaysOut, error) {
	settings := st.Settings()
	out := zone.WaysOut{Direct: settings.SendWay != config.WayRelay}
	if a, err := netip.ParseAddr(settings.SourceAddress); err == nil && isPublic(a) {
		out.Sources = append(out.Sources, a)
	}
	relays, err := st.Relays(ctx)
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, r := range relays {
		preset, _ := outbound.FindPreset(r.Host)
		if preset.SPF == "" {
			out.Unknown = true
		} else if !seen[preset.SPF] {
			seen[preset.SPF] = true
			out.Includes = append(out.Includes, preset.SPF)
		}
	}
	return out, nil
}

// publicKeys are the DKIM keys to publish. A domain of an older version gets its own here, if no server ran since.
func (d *Desk) publicKeys(ctx context.Context, st *store.Store, domain string) ([]zone.Key, error) {
	ring := d.ring(st)
	if err := ring.EnsureKeys(ctx, domain); err != nil {
		return nil, err
	}
	keys, err := ring.Keys(ctx, domain, "")
	return zoneKeys(keys), err
}

func zoneKeys(keys []keyring.Key) []zone.Key {
	purposes := map[string]zone.Purpose{
		store.KeyActive: zone.ForDKIM, store.KeyNext: zone.ForDKIMNext, store.KeyRetired: zone.ForDKIMRetired,
	}
	var list []zone.Key
	for _, k := range keys {
		list = append(list, zone.Key{Name: k.Name, Text: k.Record, Purpose: purposes[k.State]})
	}
	return list
}
