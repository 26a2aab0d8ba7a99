// Package nbdtest is a disk as cheap cards are: what is written lies in a memory that forgets when the power goes, until a
// flush puts it on the medium. It serves QEMU over a socket. Only tests use it.
//
// Invariants: after Cut each sector that was written and not flushed has what was written or what was there before, by
// chance, each for itself and in no order; what a flush or a write with FUA has answered for is there. Reads see what was
// written. One client at a time; memory is bounded by what the client leaves unflushed.
//
// The protocol is that of NBD (doc/proto.md of the NetworkBlockDevice project): fixed newstyle, simple replies.
package nbdtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Disk is one.
type Disk struct {
	t        testing.TB
	socket   string
	listener net.Listener

	mu       sync.Mutex
	medium   *os.File
	size     int64
	volatile map[int64][]byte // by number of the sector
	client   net.Conn
	gone     chan struct{} // closed when the client is heard no more
	chance   *rand.Rand
}

const sector = 512

// Serve makes a disk of a file, which is changed. The seed decides what cuts drop.
func Serve(t testing.TB, path string, seed uint64) *Disk {
	t.Helper()
	folder, err := os.MkdirTemp("", "nbdtest") // t.TempDir may be too long for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	medium, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { medium.Close() })
	info, err := medium.Stat()
	if err != nil {
		t.Fatal(err)
	}
	d := &Disk{t: t, socket: filepath.Join(folder, "nbd"), medium: medium, size: info.Size() / sector * sector,
		volatile: map[int64][]byte{}, chance: rand.New(rand.NewPCG(seed, seed))}
	if d.listener, err = net.Listen("unix", d.socket); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.listener.Close() })
	go d.serve()
	return d
}

// URL is the disk for QEMU.
func (d *Disk) URL() string { return "nbd+unix:///?socket=" + d.socket }

func (d *Disk) serve() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return // the test is over
		}
		gone := make(chan struct{})
		d.mu.Lock()
		d.client, d.gone = conn, gone
		d.mu.Unlock()
		if err := d.talk(conn); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) { // which a kill is
			d.t.Log("nbdtest:", err)
		}
		conn.Close()
		close(gone)
	}
}

// Cut is what the power's going does to the disk: call it when the machine is dead. It tells how many sectors were lost.
func (d *Disk) Cut() (lost int) {
	d.mu.Lock()
	client, gone := d.client, d.gone
	d.mu.Unlock()
	if client != nil { // what it wrote last may still be on its way
		client.Close()
		<-gone
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, b := range d.volatile {
		if d.chance.IntN(2) == 0 {
			lost++
		} else if _, err := d.medium.WriteAt(b, n*sector); err != nil {
			d.t.Error("nbdtest:", err)
		}
	}
	clear(d.volatile)
	return lost
}

// Await waits until so many sectors are written and not flushed, and tells whether that came to be.
func (d *Disk) Await(sectors int, within time.Duration) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		d.mu.Lock()
		n := len(d.volatile)
		d.mu.Unlock()
		if n >= sectors {
			return true
		}
	}
	return false
}

// Flush puts everything on the medium: what a machine that went down as it should has done.
func (d *Disk) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, b := range d.volatile {
		if _, err := d.medium.WriteAt(b, n*sector); err != nil {
			return err
		}
	}
	clear(d.volatile)
	return nil
}

// write takes whole sectors.
func (d *Disk) write(b []byte, at int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; len(b) > 0; b, at = b[sector:], at+sector {
		copied := make([]byte, sector)
		copy(copied, b)
		d.volatile[at/sector] = copied
	}
}

func (d *Disk) read(b []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.medium.ReadAt(b, at); err != nil {
		return err
	}
	for ; len(b) > 0; b, at = b[sector:], at+sector {
		copy(b[:sector], d.volatile[at/sector])
	}
	return nil
}

// inside tells whether a request is for whole sectors of the disk.
func (d *Disk) inside(at int64, length int64) error {
	if at%sector != 0 || length%sector != 0 || at < 0 || length > mostAtOnce || at+length > d.size {
		return fmt.Errorf("a request for %d octets at %d", length, at)
	}
	return nil
}
