package text

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\{\w+\}`)

func TestLanguagesSayTheSame(t *testing.T) {
	standard := Load(Default).All()
	for _, lang := range Languages() {
		other := Load(lang).All()
		for _, key := range slices.Sorted(maps.Keys(other)) {
			if _, ok := standard[key]; !ok {
				t.Errorf("%s: %s is not in %s", lang, key, Default)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(standard)) {
			compare(t, lang, key, standard[key], other[key])
		}
	}
}

func compare(t *testing.T, lang, key, standard, other string) {
	if other == "" {
		t.Errorf("%s: no text for %s", lang, key)
		return
	}
	if want, got := places(standard), places(other); !slices.Equal(want, got) {
		t.Errorf("%s: %s has the placeholders %v, want %v", lang, key, got, want)
	}
	// Columns, lines of an example and paragraphs are there in every language.
	for _, mark := range []string{"\n", "\r", "Ctrl-C", "buzon ", "--", "curl "} {
		if want, got := strings.Count(standard, mark), strings.Count(other, mark); want != got && key != "welcome_body" {
			t.Errorf("%s: %s has %q %d times, want %d", lang, key, mark, got, want)
		}
	}
	if strings.HasPrefix(key, "head_") && strings.Count(standard, ", ") != strings.Count(other, ", ") {
		t.Errorf("%s: %s has another number of columns", lang, key)
	}
	if strings.HasPrefix(key, "help_") {
		if first, _, _ := strings.Cut(other, "\n"); len([]rune(first)) > 80 {
			t.Errorf("%s: the first line of %s is too long for a list: %d", lang, key, len([]rune(first)))
		}
	}
}

// places are the different placeholders of a text in order.
func places(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestTextsAreUsed(t *testing.T) {
	used := mentions(t)
	for _, key := range slices.Sorted(maps.Keys(Load(Default).All())) {
		if strings.HasPrefix(key, "word_") { // of an argument, named by its name
			name := strings.TrimPrefix(key, "word_")
			if used[name] || used[key] {
				continue
			}
		}
		if !used[key] {
			t.Errorf("%s is in no source file", key)
		}
	}
}

// keyLike is what keys look like: a string in the source that does must be one.
var keyLike = regexp.MustCompile(
	`^(help|flag|arg|word|head|none|done|note|ask|answer|error|usage|serve|welcome|report|reason|vacation|notice|show|history|verdict|page|doctor|line|phone|update|claim)_[a-z_]*[a-z]$`)

func TestTextsAreThere(t *testing.T) {
	words := Load(Default)
	for _, key := range slices.Sorted(maps.Keys(mentions(t))) {
		if keyLike.MatchString(key) && !words.Has(key) {
			t.Errorf("%s is in the source, but has no text", key)
		}
	}
}

var inTag = regexp.MustCompile(`(?:help|placeholder|name):"(\w+)"`)

// mentions are the strings of the packages that speak with people: whole ones, those in tags, and the names of arguments.
func mentions(t *testing.T) map[string]bool {
	found := map[string]bool{}
	for _, pattern := range []string{"../../*.go", "../cli/*.go", "../admin/*.go", "../zone/*.go", "../outbound/*.go", "../report/*.go", "../verdict/reasons.go", "../trust/sentence.go", "../config/sentence.go", "../gate/sentence.go", "../relays/*.go",
		"../line/*.go", "../doctor/*.go", "../phone/*.go", "../claim/*.go", "../update/*.go", "../outside/*.go", "../../web/page/*.go", "../../firmware/init/*.go", "../../firmware/internal/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				mentionsIn(t, file, found)
			}
		}
	}
	mentionsInTemplates(t, found)
	return found
}

// inTemplate is a key in a template of the page.
var inTemplate = regexp.MustCompile(`"(\w+)"`)

func mentionsInTemplates(t *testing.T, found map[string]bool) {
	files, err := filepath.Glob("../../web/page/templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplate.FindAllStringSubmatch(string(content), -1) {
			found[m[1]] = true
		}
	}
}

func mentionsIn(t *testing.T, file string, found map[string]bool) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil {
				found[s] = true
				for _, m := range inTag.FindAllStringSubmatch(s, -1) {
					found[m[1]] = true
				}
			}
		case *ast.Field:
			argument(n, found)
		}
		return true
	})
}

// argument notes the name of a field that is an argument of a command.
func argument(f *ast.Field, found map[string]bool) {
	if f.Tag == nil || !strings.Contains(f.Tag.Value, `arg:""`) {
		return
	}
	for _, name := range f.Names {
		found[strings.ToLower(name.Name)] = true
	}
}

func TestSay(t *testing.T) {
	c := &Catalogue{entries: parse("about\n\n[a]\nThe {x} of {y}.\n\n[b]\n\none\n\ntwo\n\n")}
	for key, want := range map[string]string{
		"a": "The cat of {x}.", // what is put in is not looked at again
		"b": "one\n\ntwo",
		"c": "c",
	} {
		if got := c.Say(key, "x", "cat", "y", "{x}"); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		wishes []string
		want   string
	}{
		{nil, "en"},
		{[]string{"", "es"}, "es"},
		{[]string{"es_MX.UTF-8"}, "es"},
		{[]string{"es-419"}, "es"},
		{[]string{"ES"}, "es"},
		{[]string{"en", "es_ES"}, "en"},
		// The first that is set decides, as POSIX has it.
		{[]string{"C", "es_ES"}, "en"},
		{[]string{"de_DE"}, "en"},
		{[]string{"../es"}, "en"},
	} {
		if got := Choose(c.wishes...); got != c.want {
			t.Errorf("%q: %s, want %s", c.wishes, got, c.want)
		}
	}
}

func TestEveryFileIsALanguage(t *testing.T) {
	names, err := filepath.Glob("*.txt")
	if err != nil || len(names) != len(Languages()) {
		t.Errorf("files %v, languages %v, %v", names, Languages(), err)
	}
}
