package dns

import (
	"errors"
	"slices"
	"testing"
)

func TestSRV(t *testing.T) {
	m := NewMap(`
		_imaps._tcp.example.org  SRV 20 1 993 Other.example.org.
		_imaps._tcp.example.org  SRV 10 5 993 mail.example.org.
		_imap._tcp.example.org   SRV 0 0 0 .
	`)
	a, err := m.SRV(t.Context(), "_IMAPS._tcp.example.org.")
	if want := []SRV{{"mail.example.org", 993, 10, 5}, {"other.example.org", 993, 20, 1}}; err != nil || !slices.Equal(a.Records, want) {
		t.Errorf("%+v %v", a, err)
	}
	// RFC 2782: a root says that there is decidedly none.
	if a, err = m.SRV(t.Context(), "_imap._tcp.example.org"); err != nil || a.Records[0].Host != "" {
		t.Errorf("%+v %v", a, err)
	}
	if _, err = m.SRV(t.Context(), "_pop3._tcp.example.org"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
