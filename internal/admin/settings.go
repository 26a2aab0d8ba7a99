package admin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/store"
)

type settingsCommands struct {
	List  settingsList  `cmd:"" help:"help_settings_list"`
	Get   settingsGet   `cmd:"" help:"help_settings_get"`
	Set   settingsSet   `cmd:"" help:"help_settings_set"`
	Unset settingsUnset `cmd:"" help:"help_settings_unset"`
}

type settingsList struct {
	JSON bool `help:"flag_json"`
}

type settingItem struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	Default     string `json:"default"`
	Description string `json:"description"`
}

// Run lists all settings with what they are and what they mean.
func (cmd *settingsList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	var items []settingItem
	for _, v := range st.Settings().List() {
		items = append(items, settingItem{v.Key.Name, veiled(v.Key, v.Value), v.Default, v.Key.Describe(d.Lang)})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_settings", "none_settings", func(i settingItem) []string {
		return []string{i.Name, orDash(i.Value), i.Description}
	})
}

// veiled is a value as others may see it who look over one's shoulder.
func veiled(k config.Key, value string) string {
	if k.Secret && value != "" {
		return "***"
	}
	return value
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type settingsGet struct {
	Name string `arg:"" name:"setting" help:"arg_setting"`
}

// Run writes the value alone, for scripts.
func (cmd *settingsGet) Run(ctx context.Context, d *Desk) error {
	if _, err := config.Find(cmd.Name); err != nil {
		return settingProblem(err)
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	value, _ := st.Settings().Get(cmd.Name)
	_, err = fmt.Fprintln(d.Out, value)
	return err
}

type settingsSet struct {
	Name  string  `arg:"" name:"setting" help:"arg_setting"`
	Value *string `arg:"" optional:"" help:"arg_value"`
}

// Run changes a setting; a running server sees it within two seconds.
func (cmd *settingsSet) Run(ctx context.Context, d *Desk) error {
	value, err := cmd.value(ctx, d)
	if err != nil {
		return err
	}
	if _, err := config.Default().With(cmd.Name, value); err != nil { // before a file is made for nothing
		return settingProblem(err)
	}
	st, err := d.storeOrNew(ctx)
	if err != nil {
		return err
	}
	if err := st.Set(ctx, cmd.Name, value); err != nil {
		return settingProblem(err)
	}
	return d.tellSetting(st, cmd.Name)
}

// value is what was typed; a secret may be left out and is asked for then, so that it stays in no history. The name of a
// file is made whole, because the server runs in another folder.
func (cmd *settingsSet) value(ctx context.Context, d *Desk) (string, error) {
	if cmd.Value == nil {
		if k, err := config.Find(cmd.Name); err != nil {
			return "", settingProblem(err)
		} else if !k.Secret {
			return "", cli.Misuse("usage_setting_value", "name", cmd.Name)
		}
		return d.Secret(ctx, "ask_setting_secret")
	}
	if *cmd.Value == "" || !strings.HasSuffix(cmd.Name, "-file") {
		return *cmd.Value, nil
	}
	path, err := filepath.Abs(*cmd.Value)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", cli.Fail("error_setting_file", "file", path)
	}
	return path, nil
}

type settingsUnset struct {
	Name string `arg:"" name:"setting" help:"arg_setting"`
}

// Run brings a setting back to its default.
func (cmd *settingsUnset) Run(ctx context.Context, d *Desk) error {
	if _, err := config.Find(cmd.Name); err != nil {
		return settingProblem(err)
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if err := st.Unset(ctx, cmd.Name); err != nil {
		return settingProblem(err)
	}
	return d.tellSetting(st, cmd.Name)
}

func (d *Desk) tellSetting(st *store.Store, name string) error {
	k, err := config.Find(name)
	if err != nil {
		return err
	}
	value, _ := st.Settings().Get(name)
	d.Println("done_setting", "name", name, "value", orDash(veiled(k, value)))
	return nil
}

// settingProblem puts the errors of a setting in the person's words.
func settingProblem(err error) error {
	var unknown *config.UnknownKeyError
	var bad *config.ValueError
	switch {
	case errors.As(err, &unknown) && unknown.Nearest != "":
		return cli.Fail("error_setting_nearest", "name", unknown.Name, "nearest", unknown.Nearest)
	case errors.As(err, &unknown):
		return cli.Fail("error_setting_unknown", "name", unknown.Name)
	case errors.As(err, &bad):
		return cli.Fail(config.Sentence(bad.Key), "name", bad.Key.Name, "value", bad.Value,
			"choices", strings.Join(bad.Key.Choices, ", "))
	}
	return err
}
