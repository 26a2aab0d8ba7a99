package netup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
)

// DHCP asks the servers of the network.
type DHCP struct {
	Hostname string // routers show it
}

// Each question is sent so often, and waited for so long.
const (
	askTries = 3
	askTime  = 2 * time.Second
)

// Ask is the whole exchange: discover, offer, request, acknowledge (RFC 2131 §3.1).
func (d DHCP) Ask(ctx context.Context, link string, had netip.Addr) (Lease, error) {
	client, err := nclient4.New(link, nclient4.WithTimeout(askTime), nclient4.WithRetry(askTries))
	if err != nil {
		return Lease{}, err
	}
	defer client.Close()
	options := d.options()
	if had.IsValid() {
		options = append(options, dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(had.AsSlice())))
	}
	offer, err := client.DiscoverOffer(ctx, options...)
	if err != nil {
		return Lease{}, err
	}
	got, err := client.RequestFromOffer(ctx, offer, d.options()...)
	if err != nil {
		return Lease{}, refused(err)
	}
	return lease(got.ACK)
}

// Renew asks the server alone, from the address that we have (RFC 2131 §4.3.2).
func (d DHCP) Renew(ctx context.Context, link string, l Lease) (Lease, error) {
	client, err := nclient4.New(link, nclient4.WithTimeout(askTime), nclient4.WithRetry(askTries),
		nclient4.WithUnicast(&net.UDPAddr{IP: l.Address.Addr().AsSlice(), Port: nclient4.ClientPort}),
		nclient4.WithServerAddr(&net.UDPAddr{IP: l.Server.AsSlice(), Port: nclient4.ServerPort}))
	if err != nil {
		return Lease{}, err
	}
	defer client.Close()
	ack, err := dhcpv4.New(dhcpv4.WithYourIP(l.Address.Addr().AsSlice()), dhcpv4.WithHwAddr(client.InterfaceAddr()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(l.Server.AsSlice())))
	if err != nil {
		return Lease{}, err
	}
	got, err := client.Renew(ctx, &nclient4.Lease{Offer: ack, ACK: ack}, d.options()...)
	if err != nil {
		return Lease{}, refused(err)
	}
	return lease(got.ACK)
}

func (d DHCP) options() []dhcpv4.Modifier {
	o := []dhcpv4.Modifier{dhcpv4.WithRequestedOptions(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionDomainNameServer)}
	if d.Hostname != "" {
		o = append(o, dhcpv4.WithOption(dhcpv4.OptHostName(d.Hostname)))
	}
	return o
}

func refused(err error) error {
	var nak *nclient4.ErrNak
	if errors.As(err, &nak) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// Bounds of what a server may say.
const (
	shortest = time.Minute
	forever  = 10 * 365 * 24 * time.Hour // RFC 2131 §3.3: 0xffffffff seconds are without an end
	mostDNS  = 4
)

// lease reads an acknowledgement. Whoever sent it is not to be trusted with more than an address.
func lease(ack *dhcpv4.DHCPv4) (Lease, error) {
	own, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	if !ok || own.IsUnspecified() || own.IsMulticast() || own.IsLoopback() {
		return Lease{}, fmt.Errorf("the server gives us %v, which is no address", ack.YourIPAddr)
	}
	bits := 24 // some forget it, and mean this
	if mask := ack.SubnetMask(); mask != nil {
		ones, size := mask.Size()
		if size != 32 || ones == 0 {
			return Lease{}, fmt.Errorf("the server says that the network is %v", mask)
		}
		bits = ones
	}
	l := Lease{Address: netip.PrefixFrom(own, bits)}
	for _, router := range ack.Router() {
		if a, ok := netip.AddrFromSlice(router.To4()); ok && !a.IsUnspecified() {
			l.Gateway = a
			break
		}
	}
	for _, server := range ack.DNS() {
		if a, ok := netip.AddrFromSlice(server.To4()); ok && !a.IsUnspecified() && len(l.DNS) < mostDNS {
			l.DNS = append(l.DNS, a)
		}
	}
	l.Server, _ = netip.AddrFromSlice(ack.ServerIdentifier().To4())
	l.times(ack)
	return l, nil
}

// times takes T1 and T2 as half and seven eighths where the server does not say, or not sensibly (RFC 2131 §4.4.5).
func (l *Lease) times(ack *dhcpv4.DHCPv4) {
	l.Valid = max(shortest, ack.IPAddressLeaseTime(shortest))
	if l.Valid >= math.MaxUint32*time.Second {
		l.Valid = forever
	}
	l.Renew = ack.IPAddressRenewalTime(l.Valid / 2)
	l.Rebind = ack.IPAddressRebindingTime(l.Valid / 8 * 7)
	if l.Renew < shortest/2 || l.Renew > l.Rebind || l.Rebind > l.Valid {
		l.Renew, l.Rebind = l.Valid/2, l.Valid/8*7
	}
}
