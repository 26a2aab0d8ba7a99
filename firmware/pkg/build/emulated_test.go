package build

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"buzon/firmware/pkg/need"
)

// What the store's own tests do on the processors of the first Pi and of the second, as far as qemu has them: SQLite's
// translation, sizes and alignment of 32 bits, transactions, deliveries at the same time, two processes. The tests that
// measure, or search a lot, are for real machines: qemu takes a minute for one of them.
func TestStoreOnARM(t *testing.T) {
	need.Program(t, "qemu-arm-static")
	const which = "^Test(Accept|Body|Model|Changes|Merge|Read|TwoProcesses|Migrat|Jobs|Claim|Settle|Care|IndexOf|Quota|Flags|Append)"
	for _, tt := range []struct{ name, cpu string }{{"armv6", "arm1176"}, {"armv7", "cortex-a7"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target, err := Find(tt.name)
			if err != nil {
				t.Fatal(err)
			}
			folder, err := filepath.Abs(filepath.Join(root, "internal/store"))
			if err != nil {
				t.Fatal(err)
			}
			program := filepath.Join(t.TempDir(), "store.test")
			compile := exec.CommandContext(t.Context(), "go", "test", "-c", "-trimpath", "-o", program, ".")
			compile.Dir, compile.Env = folder, append(compile.Environ(), target.Env()...)
			if out, err := compile.CombinedOutput(); err != nil {
				t.Fatalf("go test -c: %v: %s", err, out)
			}
			run := exec.CommandContext(t.Context(), "qemu-arm-static", "-cpu", tt.cpu, program,
				"-test.short", "-test.v", "-test.timeout=150s", "-test.run", which)
			run.Dir = folder
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("the store's tests: %v: %s", err, out)
			}
			passed := strings.Count(string(out), "\n--- PASS: ")
			if passed < 20 { // their names are others now, and the expression above has to follow
				t.Errorf("only %d tests ran: %s", passed, out)
			}
			t.Logf("%d tests passed", passed)
		})
	}
}
