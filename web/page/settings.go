package page

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"buzon/internal/config"
)

func (p *Page) settingsRoutes(m *routes) {
	m.get("/settings", admins, p.showSettings)
	m.post("/settings/set", admins, p.changeSetting)
}

// settingsView is all settings, in groups.
type settingsView struct{ Groups []settingsGroup }

// settingsGroup is the settings whose names begin with the same word.
type settingsGroup struct {
	Name     string
	Settings []settingView
}

// settingView is one setting with its field.
type settingView struct {
	Name, Value, Default, Says string
	ID                         string
	Choices                    []string // of a choice or a switch
	Secret, Changed            bool
	Back                       string // the page that it is on
}

func (p *Page) showSettings(r *request) (reply, error) {
	var v settingsView
	for _, one := range p.Store.Settings().List() {
		group, _, _ := strings.Cut(one.Key.Name, ".")
		i := slices.IndexFunc(v.Groups, func(g settingsGroup) bool { return g.Name == group })
		if i < 0 {
			i = len(v.Groups)
			v.Groups = append(v.Groups, settingsGroup{Name: group})
		}
		v.Groups[i].Settings = append(v.Groups[i].Settings, r.settingView(one, "/settings"))
	}
	return r.render("settings", v)
}

// settingView makes the field of a setting. A secret never leaves; that it is set does.
func (r *request) settingView(v config.Value, back string) settingView {
	s := settingView{
		Name: v.Key.Name, Value: v.Value, Default: v.Default, Says: v.Key.Describe(r.words.Lang), Changed: v.Changed(),
		ID: "set-" + strings.ReplaceAll(v.Key.Name, ".", "-"), Secret: v.Key.Secret, Choices: v.Key.Choices, Back: back,
	}
	if v.Key.Kind == config.Switch {
		s.Choices = []string{"yes", "no"}
	}
	if s.Secret {
		s.Value, s.Default = "", ""
	}
	return s
}

// someSettings are the fields of the settings of these names, for other pages.
func (r *request) someSettings(back string, names ...string) (views []settingView) {
	all := r.page.Store.Settings().List()
	for _, name := range names {
		for _, one := range all {
			if one.Key.Name == name {
				views = append(views, r.settingView(one, back))
			}
		}
	}
	return views
}

// changeSetting sets a setting, or brings it back to its default.
func (p *Page) changeSetting(r *request) (reply, error) {
	name, back := r.field("name"), ourPath(r.field("back"))
	err := r.readable(name)
	switch {
	case r.field("do") == "unset":
		err = p.Store.Unset(r.Context(), name)
	case err == nil:
		err = p.Store.Set(r.Context(), name, r.field("value"))
	}
	if err != nil {
		return r.again(back, settingProblem(err))
	}
	r.audit("setting", "name", name) // its value may be a secret
	return r.back(back, "page_setting_changed", "name", name), nil
}

// readable sees that a file which a setting names is there, on this machine.
func (r *request) readable(name string) error {
	file := r.field("value")
	if !strings.HasSuffix(name, "-file") || file == "" {
		return nil
	}
	if _, err := os.Stat(file); err != nil || !filepath.IsAbs(file) {
		return fail("error_setting_file", "file", file)
	}
	return nil
}

// settingProblem puts the errors of a setting in the person's words.
func settingProblem(err error) error {
	var unknown *config.UnknownKeyError
	var bad *config.ValueError
	switch {
	case errors.As(err, &unknown):
		return fail("page_error_gone")
	case errors.As(err, &bad) && bad.Key.Secret:
		return fail(config.Sentence(bad.Key), "name", bad.Key.Name, "value", "***", "choices", "")
	case errors.As(err, &bad):
		return fail(config.Sentence(bad.Key), "name", bad.Key.Name, "value", bad.Value, "choices", strings.Join(bad.Key.Choices, ", "))
	}
	return err
}
