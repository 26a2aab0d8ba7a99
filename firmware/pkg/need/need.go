// Package need is for tests: programs of Debian's that they look at our packages with. One that is missing skips its test;
// with CI in the environment it fails.
package need

import (
	"os"
	"os/exec"
	"testing"
)

// Program has to be installed.
func Program(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			Missing(t, name+" is not installed; .ci/run tells Debian's package")
		}
	}
}

// Root has to be who tests.
func Root(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "only root can do this")
	}
}

// Missing skips the test, or fails it in CI.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
