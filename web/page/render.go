package page

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"buzon/internal/config"
	"buzon/internal/text"
)

// view is what a template sees. Data is the page's own.
type view struct {
	Lang    string
	Path    string
	Token   string // of the session, for forms
	Who     string // the address that is logged in, or ""
	Admin   bool
	Notices []notice
	// Passkeys are offered here.
	Passkeys bool
	Data     any
}

// Setup tells whether it is a page of the set-up: the whole menu would lead away from what is to be done.
func (v view) Setup() bool { return strings.HasPrefix(v.Path, "/setup") }

// functions are what templates may call.
func functions(words *text.Catalogue) template.FuncMap {
	return template.FuncMap{
		"say":     words.Say,
		"file":    staticPath,
		"id":      base64.RawURLEncoding.EncodeToString,
		"size":    config.FormatSize,
		"when":    moment,
		"octets":  octets,
		"day":     firstDay,
		"lastDay": lastDay,
		"as":      view.as,
		"menu":    menu,
		"within":  within,
		"ago":     func(now, t time.Time) string { return config.FormatDuration(now.Sub(t).Round(time.Minute)) },
	}
}

// moment is a time as the page shows it; the element time has it for machines, too.
func moment(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.Local()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2006-01-02 15:04") + `</time>`)
}

// render is a page with its layout.
func (r *request) render(name string, data any) (reply, error) {
	return r.renderStatus(http.StatusOK, name, data)
}

func (r *request) renderStatus(status int, name string, data any) (reply, error) {
	set, err := r.page.views.set(r.words, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer // whole, so that an error is not seen half way
	if err := set.Execute(&b, r.view(data)); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return func(w http.ResponseWriter) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, err := w.Write(b.Bytes())
		return err
	}, nil
}

// fragment is a template of a page alone, for its live part.
func (r *request) fragment(page, name string, data any) (string, error) {
	set, err := r.page.views.set(r.words, page)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	v := r.view(data)
	v.Notices = nil
	if err := set.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("page %s: %w", page, err)
	}
	return b.String(), nil
}

func (r *request) view(data any) view {
	v := view{Lang: r.words.Lang, Path: r.URL.Path, Data: data, Passkeys: r.offersPasskeys()}
	if r.session != nil {
		v.Token, v.Notices = r.session.token, r.session.told()
		if !r.session.setup {
			v.Who, v.Admin = r.account.Address.String(), r.account.Admin
		}
	}
	return v
}

// status is a page with one sentence.
func (r *request) status(code int, key string, pairs ...any) reply {
	return r.note(code, r.say(key, pairs...))
}

func (r *request) note(code int, sentence string) reply {
	answer, err := r.renderStatus(code, "note", sentence)
	if err != nil { // cannot be: a test renders it
		return func(w http.ResponseWriter) error { http.Error(w, sentence, code); return nil }
	}
	return answer
}
