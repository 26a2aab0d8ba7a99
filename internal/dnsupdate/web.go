package dnsupdate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer is more than a provider needs to answer one question.
const maxAnswer = 1 << 20 // octets

// api is a provider's interface over HTTP.
type api struct {
	base   string // address without a final slash
	header http.Header
	client *http.Client
}

// status is an answer that is no success.
type status struct {
	code int
	text string
}

// Error implements error.
func (s *status) Error() string {
	return fmt.Sprintf("%d %s: %s", s.code, http.StatusText(s.code), s.text)
}

// is tells whether an error is an answer with a code.
func is(err error, code int) bool {
	var s *status
	return errors.As(err, &s) && s.code == code
}

// call makes a request. in and out are JSON, each may be nil.
func (a *api) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	for name, values := range a.header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "buzon")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return a.do(r, out)
}

func (a *api) do(r *http.Request, out any) error {
	res, err := a.client.Do(r)
	if err != nil {
		return withoutQuery(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return &status{res.StatusCode, words(b)}
	}
	if text, ok := out.(*string); ok {
		*text = string(b)
		return nil
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, out)
}

// withoutQuery takes the query out of an error of net/http, which tells the whole address: one provider wants its token there.
func withoutQuery(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	address, _, _ := strings.Cut(e.URL, "?")
	return fmt.Errorf("%s %s: %w", e.Op, address, e.Err)
}

// words is the beginning of what a provider says, on one line.
func words(b []byte) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(b[:min(len(b), 300)]), "")), " ")
}

// zones are what a record's zone may be called: the name without its first label, and so on, but no top-level domain.
func zones(name string) (list []string) {
	for {
		_, above, ok := strings.Cut(name, ".")
		if !ok || !strings.Contains(above, ".") {
			return list
		}
		list, name = append(list, above), above
	}
}
