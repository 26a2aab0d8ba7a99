package page

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"buzon/internal/config"
	"buzon/internal/text"
)

// views are the templates, made when a page is first asked for: most boxes are looked at once a month.
type views struct {
	mu    sync.Mutex
	words map[string]*text.Catalogue
	sets  map[string]*template.Template // by language and page
	order []string                      // of sets, that which was used last at the end
}

// maxSets is how many pages stay ready, of some 150 KB each; to make one again takes some milliseconds.
const maxSets = 5

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

// catalogue is the sentences of a language.
func (v *views) catalogue(lang string) *text.Catalogue {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.words == nil {
		v.words = map[string]*text.Catalogue{}
	}
	if v.words[lang] == nil {
		v.words[lang] = text.Load(lang)
	}
	return v.words[lang]
}

// set is the templates of a page: the layout, what pages share (names that begin with an underscore), and its own.
func (v *views) set(words *text.Catalogue, name string) (*template.Template, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := words.Lang + "/" + name
	if t := v.sets[key]; t != nil {
		v.order = append(slices.DeleteFunc(v.order, func(k string) bool { return k == key }), key)
		return t, nil
	}
	t, err := template.New("layout.html").Funcs(functions(words)).ParseFS(files, "templates/layout.html", "templates/_*.html", "templates/"+name+".html")
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	if v.sets == nil {
		v.sets = map[string]*template.Template{}
	}
	v.sets[key] = t
	if v.order = append(v.order, key); len(v.order) > maxSets {
		delete(v.sets, v.order[0])
		v.order = slices.Delete(v.order, 0, 1)
	}
	return t, nil
}

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
