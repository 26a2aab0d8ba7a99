package console

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"buzon/internal/text"
)

func view() View {
	return View{
		Version: "1.2", Host: "casa", Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.5"), netip.MustParseAddr("fd00::5")},
		Code: "1234 5678", Light: Green, Reason: "box_light_claim", Notes: []string{"settings.txt: <none>"},
	}
}

func TestText(t *testing.T) {
	want := "Buzon 1.2\nGreen: ready to be set up.\nsettings.txt: <none>\n\n" +
		"Open this in a browser, on a phone or computer in the same network:\n" +
		"  http://casa.local\n  http://192.168.1.5\n  http://[fd00::5]\n\nClaim code: 1234 5678\n"
	if got := view().Text(text.Load("en")); got != want {
		t.Errorf("%q", got)
	}
	if got := view().Text(text.Load("es")); !strings.Contains(got, "Verde: ") || !strings.Contains(got, "1234 5678") {
		t.Errorf("%q", got)
	}
	alone := view()
	alone.Addresses = nil
	if got := alone.Text(text.Load("en")); !strings.Contains(got, "There is no network yet.") || strings.Contains(got, "1234") {
		t.Errorf("without a network: %q", got)
	}
}

// Every sentence of a light is there, with its reason where it has one.
func TestReasons(t *testing.T) {
	for _, key := range []string{
		"box_light_green", "box_light_claim", "box_light_starting", "box_light_trial", "box_light_no_network", "box_light_clock",
		"box_light_full", "box_light_damaged", "box_light_silent", "box_light_rescue", "box_light_no_data",
	} {
		v := view()
		v.Reason, v.Detail = key, "worn out"
		for _, lang := range text.Languages() {
			page := v.Text(text.Load(lang))
			if strings.Contains(page, key) || strings.Contains(page, "{") || (key == "box_light_no_data") != strings.Contains(page, "worn out") {
				t.Errorf("%s %s: %q", lang, key, page)
			}
		}
	}
}

// A page is shown once; a screen is cleared for it, a serial line goes on.
func TestScreens(t *testing.T) {
	var serial, screen bytes.Buffer
	s := New(Screen{To: &serial}, Screen{To: &screen, Clear: true})
	for _, page := range []string{"one\n", "one\n", "two\n"} {
		s.Show(page)
	}
	if serial.String() != "\none\n\ntwo\n" || screen.String() != clearScreen+"one\n"+clearScreen+"two\n" {
		t.Errorf("%q %q", &serial, &screen)
	}
}

// The page in place of Buzon's: whoever asks whatever gets it as it is then, without the claim code, and nobody blocks it.
func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- Serve(ctx, l, file) }()
	// One that asks nothing, and one that hangs up.
	for _, say := range []string{"", "GET"} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, say); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, reason := range []string{"box_light_rescue", "box_light_no_data"} {
		v := view()
		v.Reason, v.Detail = reason, "<worn out>"
		if err := os.WriteFile(file, []byte(v.HTML(text.Load("en"))), 0o600); err != nil {
			t.Fatal(err)
		}
		answer, err := http.Get("http://" + l.Addr().String() + "/any?thing")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Body.Close() != nil {
			t.Errorf("%s %v", answer.Status, err)
		}
		if page := string(body); strings.Contains(page, "1234") || strings.Contains(page, "<worn") || strings.Contains(page, "<none>") ||
			(reason == "box_light_no_data") != strings.Contains(page, "&lt;worn out&gt;") {
			t.Errorf("%s", page)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
