package admin

import (
	"runtime"
	"runtime/debug"
)

// release is the version of a package or image, which the linker sets (-X, see firmware/pkg/build). Without it the go
// command's own idea is told.
var release string

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
	if release != "" {
		version = release
	}
	d.Println("version", "version", version, "commit", commit, "go", runtime.Version(),
		"system", runtime.GOOS+"/"+runtime.GOARCH)
	return nil
}
