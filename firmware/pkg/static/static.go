// Package static is the archive for every Linux that has no package: the program, what systemd needs if it is there, and
// how to begin.
package static

import (
	_ "embed"
	"fmt"
	"io"
	"time"

	"buzon/firmware/pkg/deb"
	"buzon/firmware/pkg/tree"
)

//go:embed INSTALL
var install string

// Package is what goes into one.
type Package struct {
	Target  string // of build.Targets
	Version string
	Program string // its path
	Docs    []tree.Entry
	When    time.Time
}

func (p Package) folder() string { return fmt.Sprintf("buzon_%s_linux_%s", p.Version, p.Target) }

// Name of its file.
func (p Package) Name() string { return p.folder() + ".tar.gz" }

// Write makes the archive. All is in one folder.
func (p Package) Write(w io.Writer) error {
	entries := append([]tree.Entry{
		tree.Program("buzon", p.Program),
		tree.Text("INSTALL", install),
		tree.Text("buzon.service", deb.Unit("buzon.service")),
		tree.Text("buzon.socket", deb.Unit("buzon.socket")),
		tree.Text("buzon.1", deb.Unit("buzon.1")),
	}, p.Docs...)
	return tree.TarGz(w, "", tree.Under(p.folder(), entries), p.When)
}
