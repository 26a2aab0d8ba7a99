package main

import (
	"encoding/binary"
	"net"
	"testing"
	"time"
)

// timeServer answers for the true time (RFC 5905 §7.3), until the test ends. The machine finds it at 10.0.2.2.
func timeServer(t *testing.T) (address string, stop func()) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop = func() { c.Close() }
	t.Cleanup(stop)
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if n < 48 {
				continue
			}
			answer := make([]byte, 48)
			answer[0], answer[1] = 4<<3|4, 1 // version 4, a server; the first stratum
			copy(answer[24:32], b[40:48])
			now := time.Now()
			binary.BigEndian.PutUint32(answer[40:], uint32(now.Unix()+2208988800))
			binary.BigEndian.PutUint32(answer[44:], uint32(now.Nanosecond()*4))
			c.WriteTo(answer, from)
		}
	}()
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "10.0.2.2:" + port, stop
}
