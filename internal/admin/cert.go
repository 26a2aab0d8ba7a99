package admin

import (
	"context"
	"log/slog"
	"time"

	"buzon/internal/acme"
	"buzon/internal/cli"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/trust"
)

type certCommands struct {
	Status     certStatus     `cmd:"" help:"help_cert_status"`
	Renew      certRenew      `cmd:"" help:"help_cert_renew"`
	SelfSigned certSelfSigned `cmd:"" name:"self-signed" help:"help_cert_self_signed"`
}

type certRenew struct{}

// Run asks the server for a certificate now, instead of when it is due.
func (cmd *certRenew) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if err := renewable(ctx, st); err != nil {
		return err
	}
	if err := trust.Renew(ctx, st, d.now()); err != nil {
		return err
	}
	d.Println("done_cert_renew")
	return nil
}

// renewable is the error that says why there is nothing to ask for.
func renewable(ctx context.Context, st *store.Store) error {
	s, err := trust.Read(ctx, st)
	switch {
	case err != nil:
		return err
	case s.Origin == trust.FromFiles || s.FileError != nil:
		return cli.Fail("error_cert_own")
	case s.Way == acme.Off:
		return cli.Fail("error_cert_off")
	case len(s.Wanted) == 0:
		return cli.Fail("error_cert_no_domain")
	case !s.Real:
		return cli.Fail("cert_not_real")
	}
	return nil
}

type certSelfSigned struct {
	New  bool `help:"flag_cert_new"`
	JSON bool `help:"flag_json"`
}

// Run shows the certificates that we make ourselves, so that people can compare what their phones show.
func (cmd *certSelfSigned) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	var list []trust.Cert
	if cmd.New {
		list, err = trust.MakeSelfSigned(ctx, st, records.ServerName(st), d.now, slog.New(slog.DiscardHandler))
	} else {
		var s trust.Status
		s, err = trust.Read(ctx, st)
		list = s.SelfSigned
	}
	if err != nil {
		return err
	}
	items := certItems(list, d.now())
	return cli.List(d.Console, cmd.JSON, items, "head_self_signed", "none_self_signed", func(i certItem) []string {
		return []string{short(i.Names), day(i.Until), i.Fingerprint}
	})
}

// certItem is one certificate.
type certItem struct {
	Names       []string  `json:"names"` // addresses among them
	Issuer      string    `json:"issuer"`
	Key         string    `json:"key"` // ECDSA or RSA
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`
	Days        int       `json:"days"`        // left; below 0 it has ended
	Fingerprint string    `json:"fingerprint"` // SHA-256
}

func certItems(list []trust.Cert, now time.Time) []certItem {
	items := []certItem{}
	for _, c := range list {
		items = append(items, certItem{c.Names, c.Issuer, c.Key, c.From.UTC(), c.Until.UTC(), c.Days(now), c.Fingerprint})
	}
	return items
}

// short is the first of names, with a sign that there are more.
func short(names []string) string {
	switch len(names) {
	case 0:
		return "-"
	case 1:
		return names[0]
	}
	return names[0] + " …"
}
