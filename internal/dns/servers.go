package dns

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
)

// maxServers and maxServersFile are what resolv.conf(5) may have: servers, octets.
const (
	maxServers     = 3
	maxServersFile = 64 << 10
)

// systemServers remembers resolv.conf until it changes: a home line, a phone
// as a modem and a new router all rewrite it under a running appliance.
type systemServers struct {
	mu      sync.Mutex
	info    os.FileInfo // of the file that servers is from; nil: there was none
	servers []string
}

// read gives the servers of the file, read again when it is another or was written.
func (s *systemServers) read(path string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	if s.servers != nil && sameFile(s.info, info) {
		return s.servers
	}
	s.info, s.servers = info, nil
	if info != nil {
		s.servers = readServers(path)
	}
	if len(s.servers) == 0 { // resolv.conf(5): without any, the one on this machine
		s.servers = []string{"127.0.0.1:53", "[::1]:53"}
	}
	return s.servers
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// readServers reads the nameserver lines. A file that cannot be read has none.
func readServers(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	var servers []string
	lines := bufio.NewScanner(f)
	for read := 0; lines.Scan() && len(servers) < maxServers && read < maxServersFile; {
		read += len(lines.Bytes()) + 1
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if addr, err := netip.ParseAddr(fields[1]); err == nil {
			servers = append(servers, net.JoinHostPort(addr.String(), "53"))
		}
	}
	return servers
}

// onThisMachine tells that nobody can stand between us and the server.
func onThisMachine(server string) bool {
	at, err := netip.ParseAddrPort(server)
	return err == nil && at.Addr().Unmap().IsLoopback()
}
