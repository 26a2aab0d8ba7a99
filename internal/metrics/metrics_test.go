package metrics

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func example() *Set {
	return New([]string{"listed", `odd "one"\`}, Sources{
		Queue:       func() (int64, int64, error) { return 7, 2, nil },
		Connections: func() int { return 3 },
		Up:          func() float64 { return 1.5 },
	})
}

// The format is Prometheus' text format 0.0.4.
func TestText(t *testing.T) {
	s := example()
	s.Accepted.Of("smtp").Inc()
	s.Refused.Of("listed").Add(4)
	s.Refused.Of("made up").Inc()
	s.Received.Add(1 << 40)
	s.Received.Add(-5)
	s.Read("buzon_other_total", "Counted\nelsewhere.", func() int64 { return 9 })
	var b strings.Builder
	if _, err := s.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# HELP buzon_messages_accepted_total Messages taken, by service.\n# TYPE buzon_messages_accepted_total counter\n" +
			"buzon_messages_accepted_total{service=\"smtp\"} 1\nbuzon_messages_accepted_total{service=\"submission\"} 0\n",
		"buzon_refused_total{reason=\"listed\"} 4\nbuzon_refused_total{reason=\"odd \\\"one\\\"\\\\\"} 0\nbuzon_refused_total{reason=\"other\"} 1\n",
		"buzon_received_bytes_total 1099511627776\n",
		"# TYPE buzon_queue_recipients gauge\nbuzon_queue_recipients 7\n", "buzon_queue_held 2\n", "buzon_connections 3\n", "buzon_up_seconds 1.5\n",
		"# HELP buzon_other_total Counted\\nelsewhere.\n", "buzon_other_total 9\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") && len(strings.Fields(line)) < 2 {
			t.Errorf("odd line %q", line)
		}
	}
}

// What cannot be told is not told.
func TestUnknownGauge(t *testing.T) {
	s := New(nil, Sources{
		Queue:       func() (int64, int64, error) { return 0, 0, errors.New("disk") },
		Connections: func() int { return 0 }, Up: func() float64 { return 0 },
	})
	var b strings.Builder
	if _, err := s.WriteTo(&b); err != nil || strings.Contains(b.String(), "\nbuzon_queue_recipients") {
		t.Error(b.String(), err)
	}
}

func TestCountingAtOnce(t *testing.T) {
	s := example()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				s.Refused.Of("listed").Inc()
			}
			s.WriteTo(io.Discard)
		})
	}
	wg.Wait()
	if n := s.Refused.Of("listed").Value(); n != 4000 {
		t.Error(n)
	}
}

// The numbers are for this machine alone.
// Octets count where they were handed over.
func TestDelivery(t *testing.T) {
	s := New(nil, Sources{})
	for i, result := range append(Results(), "unheard-of") {
		s.Delivery(result, 1<<i)
	}
	if s.Sent.Value() != 1+2 || s.Deliveries.Of("deferred").Value() != 1 || s.Deliveries.Of("other").Value() != 1 {
		t.Errorf("%d octets, %d deferred, %d other", s.Sent.Value(), s.Deliveries.Of("deferred").Value(), s.Deliveries.Of("other").Value())
	}
}

func TestHandler(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := example().Before(next, slog.New(slog.DiscardHandler))
	for _, path := range []string{"/", "/metrics/", "/metricsx"} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil)); w.Code != http.StatusTeapot {
			t.Errorf("%s is not the next one's: %d", path, w.Code)
		}
	}
	for _, tt := range []struct {
		name, method, remote, host, forwarded string
		want                                  int
	}{
		{"here", "GET", "127.0.0.1:4000", "127.0.0.1:9100", "", 200},
		{"here by name", "GET", "[::1]:4000", "localhost:443", "", 200},
		{"IPv6", "GET", "[::1]:4000", "[::1]:443", "", 200},
		{"IPv4 in IPv6", "HEAD", "[::ffff:127.0.0.1]:4000", "[::1]", "", 200},
		{"from elsewhere", "GET", "192.0.2.1:4000", "127.0.0.1", "", 404},
		{"from the home's network", "GET", "192.168.1.7:4000", "192.168.1.2", "", 404},
		{"a page that rebinds its name", "GET", "127.0.0.1:4000", "evil.example", "", 404},
		{"through a proxy", "GET", "127.0.0.1:4000", "127.0.0.1", "192.0.2.1", 404},
		{"odd address", "GET", "@", "127.0.0.1", "", 404},
		{"odd method", "POST", "127.0.0.1:4000", "127.0.0.1", "", 404},
	} {
		q := httptest.NewRequest(tt.method, "/metrics", nil)
		q.RemoteAddr, q.Host = tt.remote, tt.host
		if tt.forwarded != "" {
			q.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code != tt.want {
			t.Errorf("%s: %d", tt.name, w.Code)
		}
		if tt.want == http.StatusOK && w.Header().Get("Content-Type") != contentType {
			t.Errorf("%s: %q", tt.name, w.Header().Get("Content-Type"))
		}
		if tt.want != http.StatusOK && strings.Contains(w.Body.String(), "buzon") {
			t.Errorf("%s: %s", tt.name, w.Body)
		}
	}
}
