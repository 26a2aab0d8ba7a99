package admin

import (
	"context"

	"buzon/internal/store"
	"buzon/internal/trust"
)

// statusCert is the certificate in a sentence, a loud one where it has ended.
func statusCert(ctx context.Context, d *Desk, st *store.Store) (string, error) {
	s, err := trust.Read(ctx, st)
	if err != nil {
		return "", err
	}
	if s.FileError != nil {
		return d.Say("cert_file_error", "err", s.FileError), nil
	}
	if len(s.Shown) == 0 {
		return d.Say("none_self_signed"), nil
	}
	c := s.Shown[0]
	switch {
	case c.Days(d.now()) < 0:
		return d.Say("status_cert_ended", "time", day(c.Until)), nil
	case s.Origin == trust.SelfSigned:
		return d.Say("status_cert_self_signed"), nil
	}
	return d.Say("status_cert_until", "issuer", c.Issuer, "time", day(c.Until)), nil
}
