package listen

import (
	"fmt"
	"net"
	"os"
)

// Notify tells the service manager how we are: "READY=1", "STOPPING=1", "STATUS=text" (sd_notify(3)). Without
// NOTIFY_SOCKET it does nothing. An error is of interest for the log only.
func Notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	// A leading "@" is the abstract namespace, to systemd and to package net alike.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
