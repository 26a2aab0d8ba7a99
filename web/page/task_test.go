package page

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/finding"
)

// A task goes on when who began it is gone, tells what it says to who looks on, and ends with the page.
func TestTask(t *testing.T) {
	b := newBench(t)
	var job task[int]
	bell, stop := job.watch()
	defer stop()
	next := make(chan int)
	work := func(ctx context.Context, say func(int)) string {
		for {
			select {
			case n := <-next:
				say(n)
			case <-ctx.Done():
				return "ended"
			}
		}
	}
	if !job.start(b.Page, time.Hour, work) || job.start(b.Page, time.Hour, work) {
		t.Error("one at a time, and that one")
	}
	<-bell
	for i := range maxSaid + 7 {
		next <- i
	}
	<-bell
	eventually(t, "the last line", func() bool {
		said := job.now().Said
		return len(said) == maxSaid && said[len(said)-1] == maxSaid+6
	})
	b.Close() // waits
	if s := job.now(); s.Running || s.Problem != "ended" {
		t.Errorf("after the end: running %t, %q", s.Running, s.Problem)
	}
	if job.start(b.Page, time.Hour, work) {
		t.Error("it begins after the end")
	}
}

// A file may take longer than a page while it moves, in both directions.
func TestSlowFiles(t *testing.T) {
	b := newBox(t)
	admin := b.as("ana")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = home
		b.Handler(false).ServeHTTP(w, r)
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	server.Start()
	defer server.Close()
	backup := admin.submit("/backup", "/backup/download").Body.Bytes()
	body, form := multipartOf(t, backup)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/upload/restore?token="+admin.token("/backup"), &slowReader{Reader: body, step: len(backup)/20 + 1})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Host = admin.host
	for name, value := range admin.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther || b.staged().name == "" {
		content, _ := io.ReadAll(answer.Body)
		t.Errorf("a slow upload: %s %s", answer.Status, content)
	}
	if err := b.setStaged(stagedFile{}); err != nil {
		t.Error(err)
	}
	r = r.Clone(t.Context())
	r.URL.Path, r.URL.RawQuery = "/backup/download", ""
	form = "application/x-www-form-urlencoded"
	r.Header.Set("Content-Type", form)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(url.Values{"token": {admin.token("/backup")}}.Encode())), -1
	answer, err = http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, &slowReader{Reader: answer.Body, step: len(backup)/20 + 1})
	if err != nil || n != answer.ContentLength || n < int64(len(backup))/2 {
		t.Errorf("a slow download: %d octets of %d, %v", n, answer.ContentLength, err)
	}
}

func multipartOf(t testing.TB, content []byte) (*bytes.Buffer, string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "x")
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &b, form.FormDataContentType()
}

// slowReader gives a piece at a time: all of it takes longer than a page may.
type slowReader struct {
	io.Reader
	step int
}

func (s *slowReader) Read(p []byte) (int, error) {
	time.Sleep(25 * time.Millisecond) // the line, not a wait for somebody
	return s.Reader.Read(p[:min(len(p), s.step)])
}

// A live part says nothing while nothing changes, and says it when a bell rings.
func TestFollow(t *testing.T) {
	b := newBox(t)
	admin := b.as("ana")
	ctx, leave := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/live/doctor", nil)
	r.Host, r.RemoteAddr = admin.host, admin.from
	for name, value := range admin.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := &eventWriter{header: http.Header{}, events: make(chan string, 10)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		admin.Handler(false).ServeHTTP(w, r)
	}()
	first := <-w.events
	if !b.exam.start(b.Page, time.Minute, func(ctx context.Context, say func(finding.Finding)) string { <-ctx.Done(); return "" }) {
		t.Fatal("it does not begin")
	}
	if second := <-w.events; second == first || !bytes.Contains([]byte(second), []byte("busy")) {
		t.Errorf("after the bell: %s", second)
	}
	leave()
	<-ended
	if n := len(w.events); n != 0 {
		t.Errorf("%d events more", n)
	}
}

// eventWriter hands on whole events.
type eventWriter struct {
	header http.Header
	mu     sync.Mutex
	body   bytes.Buffer
	events chan string
}

func (w *eventWriter) Header() http.Header { return w.header }
func (w *eventWriter) WriteHeader(int)     {}

func (w *eventWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.body.Write(p)
}

func (w *eventWriter) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events <- w.body.String()
	w.body.Reset()
}
