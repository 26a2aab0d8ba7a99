package admin

import (
	"runtime"
	"runtime/debug"
)

// release is the version of a package or image, which the linker sets (-X, see firmware/pkg/build). Without it the go
// command's own idea is told.
var release string

// Version is which one this is; "?" where nobody said so.
func Version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "?"
}

type versionCommand struct{}

// Run tells which build this is.
func (versionCommand) Run(d *Desk) error {
	commit := "?"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	d.Println("version", "version", Version(), "commit", commit, "go", runtime.Version(),
		"system", runtime.GOOS+"/"+runtime.GOARCH)
	return nil
}
