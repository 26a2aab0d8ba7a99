package benchtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// pages are all that ana sees of the appliance on its page.
func pages() []string {
	return []string{
		"/status", "/queue", "/mail", "/mail/out", "/mail/refused", "/people", "/people/account?address=" + ana, "/people/aliases", "/people/here",
		"/domains", "/domains/records?domain=" + domain, "/flow", "/flow/rules", "/doctor", "/settings", "/backup", "/update", "/log", "/me",
		"/setup/line", "/setup/dns", "/setup/certificate", "/setup/mail", "/setup/phone", "/setup/done",
	}
}

// visitor is a browser of somebody who has logged in. It comes from many addresses: one may not ask so often.
type visitor struct {
	http.Client
	base string
	lang string
	n    int
}

func newVisitor(b *testing.B, a *appliance) *visitor {
	b.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	v := &visitor{base: "http://" + a.addr["http"], lang: "en"}
	v.Jar = jar
	v.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		v.n++
		from := net.IPv4(127, 3, byte(v.n/50%250), byte(1+v.n/50/250))
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}).DialContext(ctx, network, addr)
	}}
	r, err := http.NewRequest(http.MethodPost, v.base+"/login", strings.NewReader(url.Values{"address": {ana}, "password": {password}}.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", v.base)
	if err := v.fetch(r); err != nil {
		b.Fatalf("log in: %v", err)
	}
	return v
}

// look fetches a page.
func (v *visitor) look(path string) error {
	r, err := http.NewRequest(http.MethodGet, v.base+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept-Language", v.lang)
	return v.fetch(r)
}

func (v *visitor) fetch(r *http.Request) error {
	resp, err := v.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path == "/login" {
		return fmt.Errorf("%s: %s at %s", r.URL.Path, resp.Status, resp.Request.URL.Path)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// churn makes garbage, so that the collector comes and what was garbage before is given back: the check of a password leaves
// more behind than all pages.
func (v *visitor) churn(b *testing.B) {
	b.Helper()
	for range size(12000, 100) {
		if err := v.look("/static/page.css"); err != nil {
			b.Fatal(err)
		}
	}
	rest()
}

// BenchmarkPageMemory is what stays of memory once somebody who has logged in has seen every page in both languages, three
// times: anonymous memory, and that with the pages of the program's file, which the kernel takes back where it has none.
func BenchmarkPageMemory(b *testing.B) {
	var anon, all int64
	for b.Loop() {
		a := start(b, freshFile(b, b.TempDir()))
		v := newVisitor(b, a)
		v.churn(b)
		anonBefore, allBefore := a.memory(b, "RssAnon"), a.memory(b, "VmRSS")
		for range 3 {
			for _, v.lang = range []string{"en", "es"} {
				for _, path := range pages() {
					if err := v.look(path); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		v.churn(b)
		anon += a.memory(b, "RssAnon") - anonBefore
		all += a.memory(b, "VmRSS") - allBefore
		if err := a.stop(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(mib(anon)/float64(b.N), "anon-MiB")
	b.ReportMetric(mib(all)/float64(b.N), "RSS-MiB")
}

// BenchmarkSMTPBesidePage is how fast messages are taken over ten connections while pages are fetched, and how that compares to
// when none is: ten a second, as ten people who click without reading, and one after the other without a pause, which no
// single address may. The page takes its share of the processor, and blocks nothing.
func BenchmarkSMTPBesidePage(b *testing.B) {
	b.Run("pages=10", func(b *testing.B) { besidePage(b, time.Second/10) })
	b.Run("pages=all", func(b *testing.B) { besidePage(b, time.Nanosecond) })
}

func besidePage(b *testing.B, every time.Duration) {
	a := start(b, filledFile(b))
	s := openSenders(b, a, 10)
	v := newVisitor(b, a)
	s.deliver(b, messages(0, size(1000, 50), ana, messageSize))
	var alone, beside time.Duration
	fetched, n := 0, 0
	for b.Loop() {
		round := messages(n, size(5000, 200), ana, messageSize)
		n += len(round)
		begin := time.Now()
		s.deliver(b, round)
		alone += time.Since(begin)
		stop := v.lookAround(b, every, &fetched)
		begin = time.Now()
		s.deliver(b, round)
		beside += time.Since(begin)
		stop()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/alone.Seconds(), "msgs/s-alone")
	b.ReportMetric(float64(n)/beside.Seconds(), "msgs/s-beside")
	b.ReportMetric(float64(fetched)/beside.Seconds(), "pages/s")
	b.ReportMetric(alone.Seconds()/beside.Seconds(), "ratio")
}

// lookAround fetches a page every so often, and counts them, until stop.
func (v *visitor) lookAround(b *testing.B, every time.Duration, fetched *int) (stop func()) {
	ctx, end := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() {
		pace := time.NewTicker(every)
		defer pace.Stop()
		for ; ctx.Err() == nil; *fetched++ {
			if err := v.look(pages()[*fetched%len(pages())]); err != nil {
				b.Error(err)
				return
			}
			select {
			case <-ctx.Done():
			case <-pace.C:
			}
		}
	})
	return func() { end(); looking.Wait() }
}
