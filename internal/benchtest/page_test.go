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

// BenchmarkPageMemory is what stays of memory once somebody has logged in and seen every page in both languages, three times:
// anonymous memory, and that of the program's file too.
func BenchmarkPageMemory(b *testing.B) {
	var anon, all int64
	for b.Loop() {
		a := start(b, freshFile(b, b.TempDir()))
		openIMAP(b, a).conn.Close() // the check of a password has a peak of its own
		rest()
		anonBefore, allBefore := a.memory(b, "RssAnon"), a.memory(b, "VmRSS")
		v := newVisitor(b, a)
		for range 3 {
			for _, v.lang = range []string{"en", "es"} {
				for _, path := range pages() {
					if err := v.look(path); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		rest()
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

// BenchmarkSMTPBesidePage is how fast messages are taken over ten connections while somebody fetches one page after the other
// without a pause, and how that compares to when nobody does. The page takes its share of the processor, and blocks nothing.
func BenchmarkSMTPBesidePage(b *testing.B) {
	a := start(b, filledFile(b))
	s := openSenders(b, a, 10)
	v := newVisitor(b, a)
	var alone, beside time.Duration
	fetched, n := 0, 0
	for b.Loop() {
		round := messages(n, size(5000, 200), ana, messageSize)
		n += len(round)
		begin := time.Now()
		s.deliver(b, round)
		alone += time.Since(begin)

		ctx, end := context.WithCancel(context.Background())
		var looking sync.WaitGroup
		looking.Go(func() {
			for ; ctx.Err() == nil; fetched++ {
				if err := v.look(pages()[fetched%len(pages())]); err != nil {
					b.Error(err)
					return
				}
			}
		})
		begin = time.Now()
		s.deliver(b, round)
		beside += time.Since(begin)
		end()
		looking.Wait()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/alone.Seconds(), "msgs/s-alone")
	b.ReportMetric(float64(n)/beside.Seconds(), "msgs/s-beside")
	b.ReportMetric(float64(fetched)/beside.Seconds(), "pages/s")
	b.ReportMetric(alone.Seconds()/beside.Seconds(), "ratio")
}
