package page

import (
	"fmt"
	"html/template"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"buzon/internal/text"
)

// views are the templates and the sentences, made when a page is first asked for: most boxes are looked at once a month.
type views struct {
	mu    sync.Mutex
	words map[string]*text.Catalogue
	sets  map[string]*template.Template // by language and page
	order []string                      // of sets, that which was used last at the end
	idle  *time.Timer                   // forgets all; nil while there is nothing
}

const (
	maxSets  = 5                // pages that stay ready, of some 75 KB each; to make one again takes a millisecond or two
	keptTime = 10 * time.Minute // after the last page was asked for
)

// use puts off that all is forgotten. v is locked.
func (v *views) use() {
	if v.idle == nil {
		v.idle = time.AfterFunc(keptTime, v.forget)
		return
	}
	v.idle.Reset(keptTime)
}

// forget gives back what pages need: nobody looks.
func (v *views) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.idle != nil {
		v.idle.Stop()
	}
	v.words, v.sets, v.order, v.idle = nil, nil, nil, nil
}

// catalogue is the sentences of a language.
func (v *views) catalogue(lang string) *text.Catalogue {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.use()
	if v.words == nil {
		v.words = map[string]*text.Catalogue{}
	}
	if v.words[lang] == nil {
		v.words[lang] = text.Load(lang)
	}
	return v.words[lang]
}

// set is the templates of a page.
func (v *views) set(words *text.Catalogue, name string) (*template.Template, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.use()
	key := words.Lang + "/" + name
	if t := v.sets[key]; t != nil {
		v.order = append(slices.DeleteFunc(v.order, func(k string) bool { return k == key }), key)
		return t, nil
	}
	t, err := parsePage(words, name)
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

// parsePage reads the layout, the page, and of what pages share (files that begin with an underscore) what they use.
func parsePage(words *text.Catalogue, name string) (*template.Template, error) {
	names := []string{"templates/layout.html", "templates/" + name + ".html"}
	shared, err := fs.Glob(files, "templates/_*.html")
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(names); i++ { // what is added may use more
		content, err := files.ReadFile(names[i])
		if err != nil {
			return nil, err
		}
		for _, file := range shared {
			if !slices.Contains(names, file) && usesAny(string(content), file) {
				names = append(names, file)
			}
		}
	}
	return template.New("layout.html").Funcs(functions(words)).ParseFS(files, names...)
}

// usesAny tells whether a template uses one that a shared file defines.
func usesAny(content, file string) bool {
	shared, err := files.ReadFile(file)
	if err != nil {
		return true // then the parser says so
	}
	_, definitions, _ := strings.Cut(string(shared), `{{define "`)
	for one := range strings.SplitSeq(definitions, `{{define "`) {
		if name, _, _ := strings.Cut(one, `"`); strings.Contains(content, `{{template "`+name+`"`) {
			return true
		}
	}
	return false
}
