package benchtest

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkStart is the time from the start of the process to the greeting of the last port; on those with TLS the
// handshake is part of it.
func BenchmarkStart(b *testing.B) {
	eachFile(b, func(b *testing.B, data string) {
		var all []time.Duration
		for b.Loop() {
			for range size(10, 1) {
				all = append(all, startOnce(b, data))
			}
		}
		slices.Sort(all)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(milliseconds(all[len(all)/2]), "median-ms")
		b.ReportMetric(milliseconds(all[0]), "min-ms")
		b.ReportMetric(milliseconds(all[len(all)-1]), "max-ms")
	})
}

func startOnce(b *testing.B, data string) time.Duration {
	b.Helper()
	a, err := spawn(data)
	if err != nil {
		b.Fatal(err)
	}
	last, err := greetings(a)
	if err != nil {
		b.Error(err)
	}
	if err := a.stop(); err != nil {
		b.Fatal(err)
	}
	return last.Sub(a.began)
}

// greetings waits for the greeting of every port at once, and tells when the last came.
func greetings(a *appliance) (time.Time, error) {
	err := parallel(len(services), func(i int) error {
		encrypted := strings.HasSuffix(services[i], "s")
		c, err := dial(a.addr[services[i]], encrypted, nil)
		if err != nil {
			return err
		}
		defer c.conn.Close()
		if strings.HasPrefix(services[i], "http") { // where the client speaks first
			c.printf("GET / HTTP/1.0\r\n\r\n")
		}
		_, err = c.expect("")
		return err
	})
	return time.Now(), err
}
