package acme

import (
	"testing"
	"time"

	"buzon/internal/acme/acmetest"
	"buzon/internal/dns"
)

// Renewal at two thirds of the life, or when the authority wishes.
func TestRenewal(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.turn()
	first := b.shown[0].Leaf
	b.pass(50 * 24 * time.Hour)
	b.turn()
	if b.shown[0].Leaf.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("renewed long before its time")
	}
	b.pass(12 * 24 * time.Hour)
	b.turn()
	second := b.shown[0].Leaf
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Fatalf("not renewed: %+v", b.state)
	}
	b.ahead.Store(0)
	b.service.Suggest(second, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	b.state.Renewal.Ask = time.Time{}
	b.turn() // hears of it, and does it
	if b.shown[0].Leaf.SerialNumber.Cmp(second.SerialNumber) == 0 {
		t.Errorf("not renewed when the authority wished it: %+v", b.state.Renewal)
	}
}

// A name that fails for a while at renewal does not cost it its place: there is time.
func TestRenewalWaitsForName(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test", "autoconfig.example.test")
	b.turn()
	first := b.shown[0].Leaf
	b.pass(61 * 24 * time.Hour)
	b.zone.Fail("autoconfig.example.test", "", dns.ServFail)
	b.turn()
	if b.shown[0].Leaf.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("renewed without the name")
	}
	b.pass(20 * 24 * time.Hour) // now it is late
	b.turn()
	b.wantNames("mail.example.test")
}

// An RSA key beside, and back to one.
func TestRSA(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.settings.RSA = true
	b.turn()
	if len(b.shown) != 2 || b.shown[0].Leaf.PublicKeyAlgorithm.String() != "ECDSA" || b.shown[1].Leaf.PublicKeyAlgorithm.String() != "RSA" {
		t.Errorf("%d certificates", len(b.shown))
	}
}
