package footprint

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// mapped is RssFile of /proc/self/status, in KB.
func mapped(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "RssFile:"); ok {
			n, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Skip("this kernel does not tell RssFile")
	return 0
}

func TestTrim(t *testing.T) {
	before := mapped(t)
	if err := Trim(); err != nil {
		t.Fatal(err)
	}
	if after := mapped(t); after >= before {
		t.Errorf("%d KB of files were mapped, now %d", before, after)
	}
}

func TestParseMapping(t *testing.T) {
	for line, want := range map[string]mapping{
		"00400000-00d91000 r-xp 00000000 fe:00 10142662                           /tmp/a b/buzon": {0x400000, 0xd91000, true, "/tmp/a b/buzon"},
		"01686000-017c6000 rw-p 01286000 fe:00 10142662                           /tmp/buzon":     {0x1686000, 0x17c6000, false, "/tmp/buzon"},
	} {
		if got, ok := parseMapping(line); !ok || got != want {
			t.Errorf("%s: %+v %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "7ffd-7ffe rw-p 00000000 00:00 0 [stack]", "c000000000-c000400000 rw-p 00000000 00:00 0"} {
		if _, ok := parseMapping(line); ok {
			t.Errorf("%q is a mapping of a file", line)
		}
	}
}
