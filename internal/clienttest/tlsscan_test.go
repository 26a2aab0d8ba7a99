package clienttest

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scanned are the services with TLS, and how testssl and sslscan are told to begin it.
func scanned() map[string]string {
	return map[string]string{
		"imaps": "", "https": "", "smtps": "", "pop3s": "", "smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3",
	}
}

// sslscan: no protocol, suite or curve that is old, on any port.
func TestSSLScan(t *testing.T) {
	t.Parallel()
	need(t, "sslscan")
	b := newBox(t)
	for service, begin := range scanned() {
		args := []string{"--no-colour", "--no-cipher-details"}
		if begin != "" {
			args = append(args, "--starttls-"+begin)
		}
		out := b.program(t, "", "sslscan", append(args, b.sockets[service].Addr().String())...)
		for _, line := range []string{"SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled", "TLSv1.1   disabled", "TLSv1.2   enabled", "TLSv1.3   enabled"} {
			if !strings.Contains(out, line) {
				t.Errorf("%s: no line %q in\n%s", service, line, out)
			}
		}
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "Accepted") || strings.HasPrefix(line, "Preferred") {
				if !strings.Contains(line, "GCM") && !strings.Contains(line, "POLY1305") || strings.Contains(line, "TLSv1.2") && !strings.Contains(line, "ECDHE") {
					t.Errorf("%s: %s", service, line)
				}
			}
		}
	}
}

// finding is one of testssl's.
type finding struct{ ID, Severity, Finding string }

// testssl: nothing above "low". It takes a minute a port, so it looks at one of each kind, and only when .ci/run wants it.
func TestTestSSL(t *testing.T) {
	if os.Getenv("BUZON_TLS_SCAN") == "" {
		t.Skip("BUZON_TLS_SCAN is not set")
	}
	need(t, "testssl")
	for _, service := range []string{"imaps", "https", "smtp"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			report := filepath.Join(b.dir, "report.json")
			args := []string{"--quiet", "--color", "0", "--warnings", "off", "--jsonfile", report}
			if begin := scanned()[service]; begin != "" {
				args = append(args, "-t", begin)
			}
			_, port, err := net.SplitHostPort(b.sockets[service].Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			out, _ := b.try(t, "", "testssl", append(args, "127.0.0.1:"+port)...) // its status counts findings of any weight
			checkFindings(t, report, out)
		})
	}
}

func checkFindings(t *testing.T, report, out string) {
	t.Helper()
	text, err := os.ReadFile(report)
	var all []finding
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil || len(all) < 50 {
		t.Fatalf("%d findings, %v\n%s", len(all), err, out)
	}
	for _, f := range all {
		if slices.Contains([]string{"MEDIUM", "HIGH", "CRITICAL"}, f.Severity) && !ofTheTest(f.ID) {
			t.Errorf("%s: %s: %s", f.Severity, f.ID, f.Finding)
		}
	}
}

// ofTheTest are findings about the certificate, which is the box's own here: it has no authority that could revoke it, and
// ten years because it is for this house. Grades follow from that.
func ofTheTest(id string) bool {
	return slices.Contains([]string{"cert_chain_of_trust", "cert_validityPeriod", "cert_revocation", "overall_grade", "grade_cap_reason_1"}, id)
}
