package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Sockets from systemd begin at this descriptor (sd_listen_fds(3), SD_LISTEN_FDS_START).
const firstInherited = 3

// More sockets than any unit has; a larger number is not from systemd.
const maxInherited = 256

// inheritedSocket is a socket from systemd and the name its unit gave it ("" for none). The file is kept, and listeners are
// copies: systemd gives it to us once, and a service may be ended and begun again.
type inheritedSocket struct {
	name string
	addr net.Addr
	file *os.File
}

// listen makes a listener of it.
func (s inheritedSocket) listen() (net.Listener, error) {
	l, err := net.FileListener(s.file) // has its own copy
	if err != nil {
		return nil, err
	}
	return patient{l}, nil
}

// takeInherited takes over the sockets that systemd passed to this process (sd_listen_fds(3)) and unsets the environment
// that told of them, so that our children do not take it for theirs.
func takeInherited() ([]inheritedSocket, error) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"} {
		os.Unsetenv(name)
	}
	if pid != strconv.Itoa(os.Getpid()) { // nothing, or meant for a parent of ours
		return nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxInherited {
		return nil, fmt.Errorf("sockets from systemd: LISTEN_FDS is %q", count)
	}
	return adopt(n, strings.Split(names, ":"))
}

// adopt takes over the first n descriptors.
func adopt(n int, names []string) ([]inheritedSocket, error) {
	var sockets []inheritedSocket
	for i := range n {
		name := ""
		if i < len(names) {
			name = names[i]
		}
		s, err := socketOf(firstInherited+i, name)
		if err != nil {
			closeSockets(sockets)
			return nil, fmt.Errorf("socket %d (%q) from systemd: %w", firstInherited+i, name, err)
		}
		sockets = append(sockets, s)
	}
	return sockets, nil
}

// socketOf takes a descriptor over. One that does not listen is left alone: it may be a file of our own, where the
// environment promises more than there is.
func socketOf(fd int, name string) (inheritedSocket, error) {
	listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil {
		return inheritedSocket{}, err
	}
	if listening == 0 {
		return inheritedSocket{}, errors.New("not a listening socket")
	}
	syscall.CloseOnExec(fd)
	s := inheritedSocket{name: name, file: os.NewFile(uintptr(fd), "systemd")}
	l, err := s.listen()
	if err != nil {
		s.file.Close()
		return inheritedSocket{}, err
	}
	s.addr = l.Addr()
	return s, l.Close()
}

// patient gives the connections of an inherited socket our keepAlive, which net.ListenConfig cannot reach.
type patient struct{ net.Listener }

// Accept implements net.Listener.
func (p patient) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetKeepAliveConfig(keepAlive) // fails where the peer is gone already: the first read will tell
	}
	return conn, nil
}

// match gives each spec its sockets, by name or else by port, and those that none has asked for.
func match(sockets []inheritedSocket, specs []Spec) (found map[Spec][]inheritedSocket, rest []inheritedSocket) {
	found = make(map[Spec][]inheritedSocket)
	for _, s := range sockets {
		i := claim(s, specs)
		if i < 0 {
			rest = append(rest, s)
			continue
		}
		found[specs[i]] = append(found[specs[i]], s)
	}
	return found, rest
}

// claim finds the spec of a socket, or -1. A unit without FileDescriptorName= passes its own name, so the port decides
// where no name fits.
func claim(s inheritedSocket, specs []Spec) int {
	for i, spec := range specs {
		if s.name == spec.Name {
			return i
		}
	}
	addr, ok := s.addr.(*net.TCPAddr)
	for i, spec := range specs {
		if ok && addr.Port == spec.Port {
			return i
		}
	}
	return -1
}

// strangers closes sockets that no service asked for and says so: a unit that opens a port to nobody is a mistake.
func strangers(rest []inheritedSocket) error {
	closeSockets(rest)
	var names []string
	for _, s := range rest {
		names = append(names, fmt.Sprintf("%q on %v", s.name, s.addr))
	}
	return fmt.Errorf("systemd passed sockets that no service takes: %s; set FileDescriptorName= to the service's name",
		strings.Join(names, ", "))
}

func closeSockets(sockets []inheritedSocket) {
	for _, s := range sockets {
		s.file.Close()
	}
}
