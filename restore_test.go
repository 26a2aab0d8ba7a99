package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"buzon/internal/store"
)

// twoHouses makes a file with the domain now.example and a copy of another with the domain then.example.
func twoHouses(t testing.TB) (data, copied string) {
	t.Helper()
	folder := t.TempDir()
	data, copied = filepath.Join(folder, "home.db"), filepath.Join(folder, "copy.db")
	other := filepath.Join(t.TempDir(), "other.db")
	for _, args := range [][]string{
		{"domain", "add", "now.example", "--data", data},
		{"domain", "add", "then.example", "--data", other},
		{"account", "add", "ana@then.example", "--data", other},
		{"backup", copied, "--data", other},
	} {
		if got := buzon(t, "a long password\n", args...); got.status != 0 {
			t.Fatalf("%q: %+v", args, got)
		}
	}
	return data, copied
}

// domains lists those of a file, "none" where it is not a file of Buzon.
func domains(t testing.TB, data string) string {
	t.Helper()
	got := buzon(t, "", "domain", "list", "--json", "--data", data)
	for _, domain := range []string{"now.example", "then.example"} {
		if strings.Contains(got.out, domain) {
			return domain
		}
	}
	return "none"
}

// Without a server the command does it all.
func TestRestore(t *testing.T) {
	t.Parallel()
	data, copied := twoHouses(t)
	for _, c := range []struct {
		args     string
		out, err string
		status   int
	}{
		{args: "restore " + copied, out: "Domains   then.example\n  Accounts  1\n  Mails     0 (0 B), the newest of -", err: "Add --yes if you are sure", status: 1},
		{args: "restore " + data + " --yes", err: "is the very file that is in use", status: 1},
		{args: "restore " + filepath.Dir(data) + "/none.db", err: "There is no file", status: 1},
		{args: "restore " + copied + " --yes", out: "What was there before is " + data + ".before-restore"},
	} {
		if before := domains(t, data); before != "now.example" {
			t.Fatalf("before %s there is %s", c.args, before)
		}
		got := buzon(t, "", append(strings.Fields(c.args), "--data", data)...)
		if got.status != c.status || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: %+v", c.args, got)
		}
	}
	if now, before := domains(t, data), domains(t, data+".before-restore"); now != "then.example" || before != "now.example" {
		t.Errorf("%s, and before %s", now, before)
	}
	if domains(t, copied) != "then.example" {
		t.Error("the copy went")
	}
	if left, _ := filepath.Glob(data + ".restor*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	if got := buzon(t, "", "restore", copied, "--yes", "--data", fresh); got.status != 0 || domains(t, fresh) != "then.example" {
		t.Errorf("where there was no file: %+v", got)
	}
}

// What is not a whole file of ours changes nothing and leaves nothing.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	data, copied := twoHouses(t)
	whole, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	newer, torn, cut := bytes.Clone(whole), bytes.Clone(whole), whole[:len(whole)/2]
	newer[60] = 1 // PRAGMA user_version, in its highest octet
	for i := len(torn) / 2; i < len(torn); i++ {
		torn[i] ^= 0x55
	}
	for name, c := range map[string]struct {
		content []byte
		err     string
	}{
		"letter": {[]byte(strings.Repeat("Dear Ana, ", 1000)), "is not a file of Buzon"},
		"empty":  {nil, "is not a file of Buzon"},
		"newer":  {newer, "was written by a newer version"},
		"torn":   {torn, "is damaged"},
		"cut":    {cut, "is damaged"},
	} {
		bad := filepath.Join(t.TempDir(), name+".db")
		if err := os.WriteFile(bad, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := buzon(t, "", "restore", bad, "--yes", "--data", data); got.status != 1 || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if left, _ := filepath.Glob(data + ".*"); len(left) > 0 || domains(t, data) != "now.example" {
		t.Errorf("left behind: %q", left)
	}
}

// A server takes the copy and goes on with it, in the same process.
func TestRestoreWhileServing(t *testing.T) {
	t.Parallel()
	data, copied := twoHouses(t)
	host := freeAddress()
	b := inBackground(t, "--ports", "high", "--listen", host, "--data", data)
	b.untilReady(t)
	idle := dialHalfway(t, host+":10143")
	idle.ask(t, "a NOOP\r\n", "a OK")
	restored := make(chan console)
	go func() { restored <- buzon(t, "", "restore", copied, "--yes", "--data", data) }()
	b.untilReady(t)
	if got := <-restored; got.status != 0 || !strings.Contains(got.out, "before-restore") {
		t.Errorf("%+v", got)
	}
	again := dialHalfway(t, host+":10143")
	again.ask(t, "a LOGIN ana@then.example \"a long password\"\r\n", "a OK")
	if before := domains(t, data+".before-restore"); before != "now.example" {
		t.Errorf("kept is %s", before)
	}
	again.Close()
	b.end(t)
}

// The page hands over octets, sees what is in them, and has the appliance take them.
func TestRestoreFromPage(t *testing.T) {
	t.Parallel()
	data, copied := twoHouses(t)
	a := startTest(t, func(o *options) { o.data = data })
	f, err := os.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	contents, staged, err := store.Receive(t.Context(), data, f)
	if err != nil || len(contents.Domains) != 1 || contents.Domains[0] != "then.example" || contents.Accounts != 1 {
		t.Fatalf("%+v %v", contents, err)
	}
	if err := store.Commit(data, staged); err != nil {
		t.Fatal(err)
	}
	goOn, err := a.wait(t.Context(), nil)
	if !goOn || err != nil {
		t.Errorf("%v %v", goOn, err)
	}
	if !store.Staged(data) {
		t.Error("nothing waits")
	}
}

// stage has a copy wait to take the place of the file.
func stage(t *testing.T, data, copied string) {
	t.Helper()
	staged, err := store.Stage(t.Context(), data, copied)
	if err == nil {
		err = staged.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A copy with which we cannot begin is put away, and the house goes on as it was. Where that cannot begin either, the copy
// was not to blame, and waits for the next start.
func TestRestorePutBack(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, failures := range []int{1, 2} {
		data, copied := twoHouses(t)
		stage(t, data, copied)
		starts := 0
		o := testOptions(t, func(o *options) {
			o.data = data
			o.port = func(standard int) int {
				if standard == 25 {
					starts++
				}
				if starts <= failures {
					return taken.Addr().(*net.TCPAddr).Port
				}
				return 0
			}
		})
		a, err := startOnNewest(t.Context(), o)
		if (err == nil) != (failures == 1) || store.Staged(data) != (failures == 2) {
			t.Errorf("%d failures: %v, staged %v", failures, err, store.Staged(data))
		}
		if err == nil {
			if err := a.stop(); err != nil {
				t.Error(err)
			}
		}
		if now := domains(t, data); now != "now.example" {
			t.Errorf("%d failures: there is %s", failures, now)
		}
	}
}

// Where others do not let go of the file, mail goes on with it, and the copy waits.
func TestRestoreWaits(t *testing.T) {
	t.Parallel()
	data, copied := twoHouses(t)
	other, err := store.Open(t.Context(), data, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stage(t, data, copied)
	o := testOptions(t, func(o *options) { o.data = data })
	a, err := startOnNewest(t.Context(), o)
	if err != nil || !store.Staged(data) {
		t.Fatalf("%v, staged %v", err, store.Staged(data))
	}
	if all, err := a.store.Domains(t.Context()); err != nil || len(all) != 1 || all[0].Name != "now.example" {
		t.Errorf("%v %v", all, err)
	}
	if err := errors.Join(other.Close(), a.stop()); err != nil {
		t.Fatal(err)
	}
	if a, err = startOnNewest(t.Context(), o); err != nil || store.Staged(data) {
		t.Fatalf("%v, staged %v", err, store.Staged(data))
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
	if now := domains(t, data); now != "then.example" {
		t.Errorf("there is %s", now)
	}
}

// Killed at any moment, the file is the one or the other, whole, and the next start goes on.
func TestRestoreKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	seen := map[string]int{}
	first, second := twoHouses(t)
	for delay := 20 * time.Millisecond; delay < 400*time.Millisecond && (seen["now.example"] == 0 || seen["then.example"] == 0 || delay < 120*time.Millisecond); delay += 7 * time.Millisecond {
		folder := t.TempDir()
		data, copied := duplicate(t, first, folder), duplicate(t, second, folder)
		cmd := process(t, "restore", copied, "--yes", "--data", data)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(delay, func() { cmd.Process.Signal(syscall.SIGKILL) })
		cmd.Wait() // killed, or done before
		staged := store.Staged(data)
		if _, err := store.Take(t.Context(), data); err != nil {
			t.Fatalf("after %v: %v", delay, err)
		}
		got := domains(t, data)
		seen[got]++
		if staged && got != "then.example" {
			t.Errorf("after %v: it was wanted, and there is %s", delay, got)
		}
		if got == "then.example" && domains(t, data+".before-restore") != "now.example" {
			t.Errorf("after %v: the file before is lost", delay)
		}
		if err := store.SweepStaged(data); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(data + ".restor*"); got == "none" || len(left) > 0 {
			t.Errorf("after %v: %s, left behind %q", delay, got, left)
		}
	}
	t.Logf("%v", seen)
}

// duplicate copies a file that nobody uses into a folder.
func duplicate(t *testing.T, path, folder string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(folder, filepath.Base(path))
	if err := os.WriteFile(second, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return second
}

// A server that is killed while it changes over goes on with the copy when it is started again.
func TestRestoreServerKilled(t *testing.T) {
	t.Parallel()
	data, copied := twoHouses(t)
	host := freeAddress()
	cmd, lines := serveProcess(t, host, data)
	stage(t, data, copied)
	cmd.Process.Kill()
	cmd.Wait()
	io.Copy(io.Discard, lines)
	cmd, _ = serveProcess(t, host, data)
	dialHalfway(t, host+":10143").ask(t, "a LOGIN ana@then.example \"a long password\"\r\n", "a OK")
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// serveProcess starts a server as a process, and waits until it is ready.
func serveProcess(t *testing.T, host, data string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := process(t, "--ports", "high", "--listen", host, "--data", data)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	r := bufio.NewReader(out)
	for line := ""; line != "ready\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatalf("not ready: %v", err)
		}
	}
	return cmd, r
}

// Sockets from systemd serve before the box is claimed, after it, and after a restore.
func TestRestoreKeepsSystemdsSockets(t *testing.T) {
	t.Parallel()
	_, copied := twoHouses(t)
	data, host := filepath.Join(t.TempDir(), "home.db"), freeAddress()
	listeners := map[string]net.Listener{}
	cmd := process(t, "--ports", "high", "--listen", host, "--data", data)
	names := []string{"http", "imap"}
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		defer f.Close()
		listeners[name] = l
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	// The shell gives its process id to the program that takes its place.
	self := cmd.Path
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", fmt.Sprintf(`LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=%s exec "$0" "$@"`, strings.Join(names, ":")), self}, cmd.Args[1:]...)
	var out lockedBuffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	times := func(n int) func() bool { return func() bool { return strings.Count(out.String(), "ready\n") == n } }
	eventually(t, "the server is ready", times(1))
	if !strings.Contains(out.String(), "http://"+listeners["http"].Addr().String()) {
		t.Errorf("announced: %s", out.String())
	}
	buzon(t, "", "domain", "add", "now.example", "--data", data)
	eventually(t, "the ports of mail are open", times(2))
	greeting(t, listeners["imap"].Addr().String())
	if got := buzon(t, "", "restore", copied, "--yes", "--data", data); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	eventually(t, "it serves the copy", times(3))
	dialHalfway(t, listeners["imap"].Addr().String()).ask(t, "a LOGIN ana@then.example \"a long password\"\r\n", "a OK")
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// lockedBuffer is what a process writes while we look.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
