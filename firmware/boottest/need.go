package boottest

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// Need skips the test if this computer cannot run such a machine, or fails it where CI is set.
func Need(t testing.TB, m Machine) {
	t.Helper()
	if _, err := exec.LookPath(m.program()); err != nil {
		Miss(t, m.program()+" is missing")
	}
	for file, name := range m.needs() {
		if _, err := os.Stat(file); err != nil {
			Miss(t, file+" is missing; it is in the Debian package "+name)
		}
	}
}

// Miss skips a test that lacks something here. It fails it where CI is set: there everything is.
func Miss(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// forwardLine is a row of "info usernet": TCP[HOST_FORWARD]  12  127.0.0.1 41535  10.0.2.15 80 …
var forwardLine = regexp.MustCompile(`TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)`)

func forwarded(table string) map[int]string {
	ports := map[int]string{}
	for _, row := range forwardLine.FindAllStringSubmatch(table, -1) {
		inside, err := strconv.Atoi(row[2])
		if err == nil {
			ports[inside] = net.JoinHostPort("127.0.0.1", row[1])
		}
	}
	return ports
}
