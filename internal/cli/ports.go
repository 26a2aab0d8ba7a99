package cli

import (
	"errors"
	"net"
	"syscall"
)

// PortProblem puts the error of opening a port in the person's words. flag is the one that moves all ports, if any.
func PortProblem(err error, flag string) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	tcp, ok := op.Addr.(*net.TCPAddr)
	if !ok {
		return err
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && flag == "":
		return Fail("error_port_taken_stop", "port", tcp.Port)
	case errors.Is(err, syscall.EADDRINUSE):
		return Fail("error_port_taken", "port", tcp.Port, "flag", flag)
	case errors.Is(err, syscall.EACCES):
		return Fail("error_port_privilege", "port", tcp.Port, "flag", flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return Fail("error_address_not_here", "address", tcp.IP)
	}
	return err
}
