package page

import (
	"net/url"

	"buzon/internal/finding"
)

// cureAt is the page on which a finding can be mended, as its cure names the command; nil where there is none.
func cureAt(f finding.Finding) *item {
	switch f.Check {
	case "mx", "address", "spf", "dkim", "dmarc", "mta-sts", "tls-rpt", "srv", "autoconfig":
		return &item{"/domains/records?domain=" + url.QueryEscape(f.Domain), "page_records"}
	case "relay", "outbound25":
		return &item{"/flow", "page_nav_flow"}
	case "cert":
		return &item{"/setup/certificate", "page_setup_cert_title"}
	case "queue":
		return &item{"/queue", "page_nav_queue"}
	case "backup":
		return &item{"/backup", "page_nav_backup"}
	}
	return nil
}
