package listen

import (
	"fmt"
	"log/slog"
	"net"
	"os"
)

// Tell is Notify where an error is of interest for the log only.
func Tell(state string, log *slog.Logger) {
	if err := Notify(state); err != nil {
		log.Warn("could not tell systemd", "state", state, "err", err)
	}
}

// Notify tells the service manager how we are: "READY=1", "STOPPING=1", "STATUS=text" (sd_notify(3)). Without
// NOTIFY_SOCKET it does nothing.
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
