package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows are which packages of internal/ may import which others: mechanisms do not know each other.
func arrows() map[string][]string {
	return map[string][]string{
		"message":     {},
		"spool":       {},
		"uidset":      {},
		"limit":       {},
		"sasl":        {},
		"listen":      {},
		"footprint":   {},
		"peertest":    {},
		"tlsconn":     {},
		"deflate":     {},
		"dns":         {},
		"text":        {},
		"logring":     {},
		"roster":      {},
		"arrivals":    {"finding"},
		"wear":        {"store"},
		"relays":      {"message", "outbound", "store", "text"},
		"config":      {"message"},
		"certs":       {"config"},
		"clock":       {},
		"dnsupdate":   {},
		"acme":        {"dns", "dnsupdate"},
		"trust":       {"acme", "certs", "clock", "config", "dns", "dnsupdate", "store"},
		"update":      {},
		"cli":         {"text"},
		"claim":       {"limit", "store", "text"}, // the store: whether there is a domain, and so an owner
		"mdns":        {},
		"junk":        {"message"},
		"npmtest":     {},
		"corpustest":  {"npmtest"},
		"browsertest": {"npmtest"},
		"verdict":     {"dkim", "dns", "message"},
		"smtpconn":    {"tlsconn"},
		"smtpclient":  {"message", "spool"},
		"pop3":        {"message", "tlsconn"},
		"fold":        {"message"},
		"imap":        {"message", "uidset", "fold", "tlsconn", "deflate"},
		"store":       {"message", "config", "uidset", "fold", "junk"},
		"outbound":    {"dns", "message", "smtpclient"},
		"login":       {"config", "store", "limit", "sasl"}, // config: how often a wrong password is looked at
		"metrics":     {},
		"gate":        {"config", "dns", "limit", "message", "store"},
		"dkim":        {"message"},
		"zone":        {"message"},
		"phone":       {"message", "store", "text"},
		"keyring":     {"store", "dkim"},
		"records":     {"config", "dns", "keyring", "message", "outbound", "store", "zone"},
		"finding":     {"text"},
		"publish":     {"config", "dns", "dnsupdate", "keyring", "records", "store", "zone"},
		"outside":     {"dns", "limit"},
		"line":        {"clock", "dns", "finding", "outside"},
		"doctor":      {"acme", "clock", "config", "dkim", "dns", "finding", "gate", "keyring", "line", "message", "outbound", "outside", "records", "sending", "store", "trust", "verdict", "zone"},
		"report":      {"message", "text"},
		"judge":       {"dns", "finding", "gate", "junk", "message", "smtpconn", "store", "verdict"},
		"onward":      {"store", "message", "report", "spool"},
		"queue":       {"message", "report", "smtpclient", "store"},
		"sending":     {"dkim", "dns", "keyring", "message", "onward", "outbound", "queue", "report", "smtpclient", "store", "text", "verdict"},
		"admin":       {"acme", "doctor", "finding", "gate", "outside", "publish", "records", "trust", "store", "config", "message", "cli", "text", "dns", "keyring", "outbound", "relays", "limit", "listen", "sending", "wear", "zone", "phone", "update"}, // listen: what a server announces
	}
}

// TestArrows holds the plan of the house. Tests of a package may import what they like.
func TestArrows(t *testing.T) {
	folders, err := os.ReadDir("internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		allowed, known := arrows()[folder.Name()]
		paths := imports(t, filepath.Join("internal", folder.Name()))
		if !known && len(paths) > 0 { // a folder of tests alone has none
			t.Errorf("internal/%s is not in the table of arrows", folder.Name())
		}
		for _, path := range paths {
			if ours, ok := strings.CutPrefix(path, "buzon/internal/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("internal/%s imports %s, which no arrow allows", folder.Name(), path)
			}
		}
	}
}

// TestOnlyTheStoreKnowsSQL looks at the root too.
func TestOnlyTheStoreKnowsSQL(t *testing.T) {
	folders, err := filepath.Glob("internal/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range append(folders, ".") {
		for _, path := range imports(t, folder) {
			if folder != "internal/store" && (path == "database/sql" || strings.Contains(path, "sqlite")) {
				t.Errorf("%s imports %s: all SQL is in internal/store", folder, path)
			}
		}
	}
}

// imports are those of a folder's sources, tests left out.
func imports(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range tree.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
	}
	return paths
}
