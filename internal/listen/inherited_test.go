package listen

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// With this in its environment the test binary is a service that systemd has started: it opens the specs in it
// ("name=port" by commas) and prints what it got.
const serviceEnv = "BUZON_TEST_SERVICE"

func TestMain(m *testing.M) {
	if specs, ok := os.LookupEnv(serviceEnv); ok {
		service(specs)
		return
	}
	os.Exit(m.Run())
}

func service(text string) {
	var specs []Spec
	for _, s := range strings.Split(text, ",") {
		name, number, _ := strings.Cut(s, "=")
		port, _ := strconv.Atoi(number)
		specs = append(specs, Spec{Name: name, Port: port})
	}
	all, err := open(context.Background(), "127.0.0.1", specs)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	for _, l := range all {
		fmt.Println(l.Name, l.Addr())
	}
	if left := os.Getenv("LISTEN_PID") + os.Getenv("LISTEN_FDS") + os.Getenv("LISTEN_FDNAMES"); left != "" {
		fmt.Println("environment left:", left)
	}
	// A child of ours must see none of the sockets.
	out, err := exec.Command("sh", "-c", "ls -l /proc/self/fd").Output()
	if err != nil || strings.Contains(string(out), "socket:") {
		fmt.Printf("inherited by a child: %v\n%s", err, out)
	}
}

// runService starts the service the way systemd does, with sockets from descriptor 3 on, and gives what it printed.
func runService(t *testing.T, specs string, env string, sockets ...net.Listener) string {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The shell gives the process id to the program that takes its place.
	cmd := exec.Command("sh", "-c", env+` exec "$0"`, binary)
	cmd.Env = append(os.Environ(), serviceEnv+"="+specs)
	for _, s := range sockets {
		f, err := s.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestInherited(t *testing.T) {
	one := openTest(t, "127.0.0.1", Spec{Name: "one"})[0].Listener
	two := openTest(t, "127.0.0.1", Spec{Name: "two"})[0].Listener
	for _, tt := range []struct {
		name, env, specs string
		want             []string
	}{
		{name: "by name, whatever the port", specs: "smtp=25,imap=143",
			env:  "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=imap:smtp",
			want: []string{"smtp " + two.Addr().String(), "imap " + one.Addr().String()}},
		{name: "by port", specs: fmt.Sprintf("smtp=%d,imap=%d", port(one), port(two)),
			env:  "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=buzon.socket:buzon.socket",
			want: []string{"smtp " + one.Addr().String(), "imap " + two.Addr().String()}},
		{name: "two for one service, the other opened here", specs: "smtp=25,imap=0",
			env:  "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=smtp:smtp",
			want: []string{"smtp " + one.Addr().String(), "smtp " + two.Addr().String(), "imap 127.0.0.1:"}},
		{name: "for another process", specs: "smtp=0",
			env:  "LISTEN_PID=1 LISTEN_FDS=2 LISTEN_FDNAMES=smtp:smtp",
			want: []string{"smtp 127.0.0.1:"}},
		{name: "for nobody", specs: "smtp=0",
			env:  "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=smtp:gopher",
			want: []string{`error: systemd passed sockets that no service takes: "gopher" on ` + two.Addr().String()}},
		{name: "more than there are", specs: "smtp=0",
			env:  "LISTEN_PID=$$ LISTEN_FDS=90",
			want: []string{`error: socket 5 ("") from systemd: `}},
		{name: "no number", specs: "smtp=0",
			env:  "LISTEN_PID=$$ LISTEN_FDS=many",
			want: []string{`error: sockets from systemd: LISTEN_FDS is "many"`}},
	} {
		out := runService(t, tt.specs, tt.env, one, two)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		// The sockets for another process stay open in the service: they are not ours to touch.
		if tt.name == "for another process" {
			lines = lines[:1]
		}
		if len(lines) != len(tt.want) {
			t.Errorf("%s: %q", tt.name, lines)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: line %q, want %q", tt.name, lines[i], want)
			}
		}
	}
}

// A socket from systemd serves: it accepts after its first owner is gone.
func TestInheritedAccepts(t *testing.T) {
	raw := openTest(t, "127.0.0.1", Spec{Name: "one"})[0].Listener
	l := patient{raw}
	go func() {
		if c, err := net.Dial("tcp", raw.Addr().String()); err == nil {
			c.Close()
		}
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	l.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("accepted after Close")
	}
}
