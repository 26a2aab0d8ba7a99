package imap

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"buzon/internal/uidset"
)

// The clients of BenchmarkIdle are another process, so that only the server's memory is measured.
func TestMain(m *testing.M) {
	if addr := os.Getenv("BUZON_IDLE_CLIENTS"); addr != "" {
		idleClients(addr)
		return
	}
	os.Exit(m.Run())
}

// idleClients opens the connections it is asked for, and keeps them until its input ends.
func idleClients(addr string) {
	var n int
	fmt.Sscan(os.Getenv("BUZON_IDLE_NUMBER"), &n)
	var kept []net.Conn
	for range n {
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		io.WriteString(conn, "a LOGIN ana secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
		r := bufio.NewReader(conn)
		for line := ""; !strings.HasPrefix(line, "+"); {
			if line, err = r.ReadString('\n'); err != nil {
				fmt.Println("failed:", err)
				return
			}
		}
		kept = append(kept, conn)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(kept)
}

// BenchmarkIdle measures what a TLS connection in IDLE costs the server, on a
// mailbox of 20,000 messages with holes, and how long a bell takes to reach all.
func BenchmarkIdle(b *testing.B) {
	const connections = 1000
	f := newFake()
	for range 40000 {
		f.deliver("INBOX", "x", `\Deleted`)
	}
	var odd uidset.Builder
	for uid := uint32(1); uid <= 40000; uid += 2 {
		odd.Add(uid)
	}
	if _, err := (&fakeBox{f: f, b: f.boxes["INBOX"]}).Expunge(b.Context(), odd.Set()); err != nil {
		b.Fatal(err)
	}
	f.boxes["INBOX"].vanished = nil
	s := &Server{Backend: f}
	l, err := tls.Listen("tcp", "127.0.0.1:0", testTLS(b))
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)
	defer s.Shutdown(b.Context())
	before := memory()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BUZON_IDLE_CLIENTS="+l.Addr().String(), fmt.Sprintf("BUZON_IDLE_NUMBER=%d", connections))
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		b.Fatal(line, err)
	}
	for range b.N {
		time.Sleep(100 * time.Millisecond)
	}
	b.ReportMetric(float64(memory()-before)/connections, "B/connection")
	b.ReportMetric(float64(runtime.NumGoroutine())/connections, "goroutines/connection")
	f.deliver("INBOX", "x")
	time.Sleep(time.Second)
	b.ReportMetric(float64(memory()-before)/connections, "B/connection-after-news")
}

// memory is what the heap and the stacks hold.
func memory() uint64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
