package page

import (
	"testing"

	"buzon/internal/doctor"
	"buzon/internal/finding"
)

// Where a finding leads there is a page, and every check that leads somewhere is one of the doctor's.
func TestCureAt(t *testing.T) {
	admin := newBox(t).as("ana")
	led := 0
	for _, check := range []string{"mx", "address", "spf", "dkim", "dmarc", "mta-sts", "tls-rpt", "srv", "autoconfig", "relay", "outbound25", "cert", "queue", "backup", "clock", ""} {
		if check != "" && doctor.Title(check).Key == check {
			t.Errorf("the doctor does not know %q", check)
		}
		at := cureAt(finding.Finding{Check: check, Domain: "example.org"})
		if at == nil {
			continue
		}
		led++
		wantCode(t, check, admin.get(at.Path), 200)
	}
	if led != 14 {
		t.Errorf("%d lead somewhere", led)
	}
}
