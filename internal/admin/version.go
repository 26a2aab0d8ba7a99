package admin

import (
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run tells which build this is.
func (versionCommand) Run(d *Desk) error {
	version, commit := "?", "?"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	d.Println("version", "version", version, "commit", commit, "go", runtime.Version(),
		"system", runtime.GOOS+"/"+runtime.GOARCH)
	return nil
}
