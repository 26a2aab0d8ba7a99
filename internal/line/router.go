package line

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// natPort is where a router hears NAT-PMP (RFC 6886 §3.1).
const natPort = 5351

// askTries, and how long the first answer may take; each next one twice as long (RFC 6886 §3.1, which tries far longer).
const (
	askTries = 4
	askFirst = 250 * time.Millisecond
)

// AskRouter asks the router of this network for its address outside, by NAT-PMP and UPnP at once. Many do not tell.
func AskRouter(ctx context.Context) (netip.Addr, error) {
	table, err := os.Open("/proc/net/route") // Linux alone has it; elsewhere the router is not known
	if err != nil {
		return netip.Addr{}, fmt.Errorf("find the router: %w", err)
	}
	defer table.Close()
	router, err := gateway(table)
	if err != nil {
		return netip.Addr{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type told struct {
		address netip.Addr
		err     error
	}
	answers := make(chan told, 2)
	go func() {
		a, err := askNATPMP(ctx, netip.AddrPortFrom(router, natPort))
		answers <- told{a, err}
	}()
	go func() {
		a, err := askUPnP(ctx, router, ssdpAddress())
		answers <- told{a, err}
	}()
	first := <-answers
	if first.err == nil {
		return first.address, nil // cancel ends the other
	}
	second := <-answers
	if second.err != nil {
		return netip.Addr{}, errors.Join(first.err, second.err)
	}
	return second.address, nil
}

// gateway reads Linux's table of routes and gives the router of the default one.
func gateway(table io.Reader) (netip.Addr, error) {
	lines := bufio.NewScanner(io.LimitReader(table, 64<<10))
	for lines.Scan() {
		f := strings.Fields(lines.Text()) // interface, destination, gateway, flags, …
		if len(f) < 4 || f[1] != "00000000" {
			continue
		}
		router, err := strconv.ParseUint(f[2], 16, 32)
		flags, errFlags := strconv.ParseUint(f[3], 16, 16)
		if err != nil || errFlags != nil || flags&0x2 == 0 { // RTF_GATEWAY
			continue
		}
		var a [4]byte
		binary.NativeEndian.PutUint32(a[:], uint32(router)) // the kernel prints the number that the octets make in its memory
		return netip.AddrFrom4(a), nil
	}
	return netip.Addr{}, errors.New("find the router: there is no default route")
}

// askNATPMP asks one router (RFC 6886 §3.2).
func askNATPMP(ctx context.Context, router netip.AddrPort) (netip.Addr, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", router.String()) // connected: none but the router is heard
	if err != nil {
		return netip.Addr{}, fmt.Errorf("ask the router: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	wait := askFirst
	reply := make([]byte, 64)
	for range askTries {
		if _, err := conn.Write([]byte{0, 0}); err != nil { // version 0, the external address
			return netip.Addr{}, fmt.Errorf("ask the router: %w", err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return netip.Addr{}, fmt.Errorf("ask the router: %w", err)
		}
		n, err := conn.Read(reply)
		switch {
		case err == nil:
			return readNATPMP(reply[:n])
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return netip.Addr{}, fmt.Errorf("ask the router: %w", err)
		}
		wait *= 2
	}
	return netip.Addr{}, errors.New("ask the router: it does not answer")
}

// readNATPMP reads the answer to the request for the external address (RFC 6886 §3.2).
func readNATPMP(reply []byte) (netip.Addr, error) {
	if len(reply) < 12 || reply[0] != 0 || reply[1] != 128 {
		return netip.Addr{}, errors.New("ask the router: not an answer")
	}
	if code := binary.BigEndian.Uint16(reply[2:]); code != 0 {
		return netip.Addr{}, fmt.Errorf("ask the router: it says error %d", code)
	}
	a := netip.AddrFrom4([4]byte(reply[8:12]))
	if a.IsUnspecified() { // it has no line at the moment
		return netip.Addr{}, errors.New("ask the router: it has no address outside")
	}
	return a, nil
}
