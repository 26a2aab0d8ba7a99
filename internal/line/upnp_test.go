package line

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// description is what a router says of itself, as they do: services deep within devices.
const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/l3</controlURL></service></serviceList>
<deviceList><device><deviceList><device><serviceList><service><serviceType> urn:schemas-upnp-org:service:WANIPConnection:1 </serviceType>
<controlURL>%s</controlURL></service></serviceList></device></deviceList></device></deviceList></device></root>`

const external = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<u:GetExternalIPAddressResponse xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1"><NewExternalIPAddress>%s</NewExternalIPAddress>
</u:GetExternalIPAddressResponse></s:Body></s:Envelope>`

// router is one on loopback: its search port and its page.
func upnpRouter(t *testing.T, location, control, address string) netip.AddrPort {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /desc.xml", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, description, control) })
	mux.HandleFunc("POST /control", func(w http.ResponseWriter, r *http.Request) {
		said, _ := io.ReadAll(r.Body)
		if r.Header.Get("SOAPAction") != `"urn:schemas-upnp-org:service:WANIPConnection:1#GetExternalIPAddress"` || !strings.Contains(string(said), "GetExternalIPAddress") {
			t.Errorf("%v %s", r.Header, said)
		}
		fmt.Fprintf(w, external, address)
	})
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	if location == "" {
		location = page.URL + "/desc.xml"
	}
	search, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { search.Close() })
	go func() {
		buffer := make([]byte, 1024)
		for {
			n, from, err := search.ReadFrom(buffer)
			if err != nil {
				return
			}
			if strings.HasPrefix(string(buffer[:n]), "M-SEARCH * HTTP/1.1\r\n") {
				search.WriteTo([]byte("nonsense"), from)
				search.WriteTo([]byte("HTTP/1.1 200 OK\r\nLOCATION: "+location+"\r\nST: x\r\n\r\n"), from)
			}
		}
	}()
	return netip.MustParseAddrPort(search.LocalAddr().String())
}

func TestAskUPnP(t *testing.T) {
	t.Parallel()
	loopback := netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		name, location, control, address string
		want                             string
	}{
		{"a router", "", "/control", "100.64.7.7", "100.64.7.7"},
		{"no line at present", "", "/control", "0.0.0.0", ""},
		{"nonsense", "", "/control", "somewhere", ""},
		// Nobody is led elsewhere by it.
		{"a page elsewhere", "http://192.0.2.1/desc.xml", "/control", "198.51.100.7", ""},
		{"another protocol", "file:///etc/passwd", "/control", "198.51.100.7", ""},
		{"another host to ask", "", "http://192.0.2.1/control", "198.51.100.7", ""},
		{"no such page", "", "/other", "198.51.100.7", ""},
	} {
		a, err := askUPnP(t.Context(), loopback, upnpRouter(t, c.location, c.control, c.address))
		if (err == nil) != (c.want != "") || c.want != "" && a.String() != c.want {
			t.Errorf("%s: %v %v", c.name, a, err)
		}
	}
}

// What others than the router say is not heard.
func TestAskUPnPOfAStranger(t *testing.T) {
	t.Parallel()
	ctx, begin := t.Context(), time.Now()
	if a, err := askUPnP(ctx, netip.MustParseAddr("127.0.0.9"), upnpRouter(t, "", "/control", "198.51.100.7")); err == nil {
		t.Error(a)
	}
	if took := time.Since(begin); took > 2*upnpTime {
		t.Errorf("it took %s", took)
	}
}

func FuzzUPnP(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/desc.xml\r\n\r\n"))
	f.Add([]byte(fmt.Sprintf(description, "/control")))
	f.Add([]byte(fmt.Sprintf(external, "198.51.100.7")))
	f.Fuzz(func(t *testing.T, text []byte) {
		if u, err := parseSearch(text); err == nil && u.Scheme != "http" {
			t.Error(u)
		}
		if service, _, err := parseDescription(strings.NewReader(string(text))); err == nil && !strings.HasPrefix(service, "urn:schemas-upnp-org:service:WAN") {
			t.Error(service)
		}
		if a, err := parseExternal(strings.NewReader(string(text))); err == nil && !a.Is4() {
			t.Error(a)
		}
	})
}
