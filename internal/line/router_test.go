package line

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// routes is the table of a machine whose octets of a number stand in the order of this one.
func routes(gateway string) string {
	octets := netip.MustParseAddr(gateway).As4()
	const hex = "0123456789ABCDEF"
	number := binary.NativeEndian.Uint32(octets[:])
	var b strings.Builder
	for shift := 28; shift >= 0; shift -= 4 {
		b.WriteByte(hex[number>>shift&15])
	}
	return "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n" +
		"eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\n" +
		"eth0\t00000000\t" + b.String() + "\t0003\t0\t0\t100\t00000000\n"
}

func TestGateway(t *testing.T) {
	t.Parallel()
	if a, err := gateway(strings.NewReader(routes("192.168.1.254"))); err != nil || a.String() != "192.168.1.254" {
		t.Errorf("%v %v", a, err)
	}
	for _, table := range []string{
		"", "Iface\tDestination\tGateway\tFlags\n", "eth0 00000000 zz 0003\n", "eth0 00000000 0101A8C0 0001\n", "eth0 00000000 0101A8C0 zz\n",
	} {
		if a, err := gateway(strings.NewReader(table)); err == nil {
			t.Errorf("%q: %v", table, a)
		}
	}
}

func TestReadNATPMP(t *testing.T) {
	t.Parallel()
	good := []byte{0, 128, 0, 0, 0, 0, 1, 2, 198, 51, 100, 7}
	if a, err := readNATPMP(good); err != nil || a.String() != "198.51.100.7" {
		t.Errorf("%v %v", a, err)
	}
	for name, bad := range map[string][]byte{
		"short":              good[:11],
		"another version":    append([]byte{2}, good[1:]...),
		"a request":          {0, 0, 0, 0, 0, 0, 0, 0, 198, 51, 100, 7},
		"an error":           {0, 128, 0, 3, 0, 0, 1, 2, 198, 51, 100, 7},
		"no line at present": {0, 128, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0},
	} {
		if a, err := readNATPMP(bad); err == nil {
			t.Errorf("%s: %v", name, a)
		}
	}
}

// A router that answers only the second time is heard; what comes from another is not.
func TestAskNATPMP(t *testing.T) {
	t.Parallel()
	router, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	go func() {
		buffer := make([]byte, 64)
		for i := 0; ; i++ {
			n, from, err := router.ReadFrom(buffer)
			if err != nil {
				return
			}
			if n == 2 && i > 0 {
				router.WriteTo([]byte{0, 128, 0, 0, 0, 0, 0, 1, 198, 51, 100, 7}, from)
			}
		}
	}()
	a, err := askNATPMP(t.Context(), netip.MustParseAddrPort(router.LocalAddr().String()))
	if err != nil || a.String() != "198.51.100.7" {
		t.Errorf("%v %v", a, err)
	}
}

func TestAskNATPMPOfNobody(t *testing.T) {
	t.Parallel()
	nobody, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(nobody.LocalAddr().String())
	nobody.Close()
	if a, err := askNATPMP(t.Context(), address); err == nil {
		t.Errorf("%v", a)
	}
}

func FuzzReadNATPMP(f *testing.F) {
	f.Add([]byte{0, 128, 0, 0, 0, 0, 1, 2, 198, 51, 100, 7})
	f.Add([]byte{0, 128, 0, 3})
	f.Fuzz(func(t *testing.T, reply []byte) {
		if a, err := readNATPMP(reply); err == nil && (!a.Is4() || a.IsUnspecified()) {
			t.Errorf("%v", a)
		}
	})
}

func FuzzGateway(f *testing.F) {
	f.Add(routes("192.168.1.1"))
	f.Add("eth0 00000000 zz 0003\n")
	f.Fuzz(func(t *testing.T, table string) {
		if a, err := gateway(strings.NewReader(table)); err == nil && !a.Is4() {
			t.Errorf("%v", a)
		}
	})
}
