// Package deb makes the packages for Debian, Raspberry Pi OS and Ubuntu.
//
// The unit runs Buzon as a user that exists only meanwhile, with sockets from systemd and without any privilege. Removing the
// package keeps the mail; purging it asks first and keeps it without an answer.
package deb

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/goreleaser/nfpm/v2"
	nfpmdeb "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"

	"buzon/firmware/pkg/tree"
)

//go:embed files
var own embed.FS

// Arch is an architecture of Debian's.
type Arch struct {
	Name   string // Debian's: "armhf"
	Target string // of build.Targets
}

// Arches are those that packages are made for. Debian's armhf is ARMv7, but Raspberry Pi OS has the same name for the
// ARMv6 of the first Pi and the Zero, so it gets what runs on both.
func Arches() []Arch { return []Arch{{"amd64", "amd64"}, {"arm64", "arm64"}, {"armhf", "armv6"}} }

// Package is what goes into one.
type Package struct {
	Arch    string // Debian's
	Version string
	Program string // its path
	Docs    []tree.Entry
	When    time.Time

	quick bool // a test seam: packed in no time, and half as big again
}

// Name of its file.
func (p Package) Name() string { return fmt.Sprintf("buzon_%s_%s.deb", p.Version, p.Arch) }

const maintainer = "Buzon <buzon@localhost>"

const description = `Mail server for a home
 Buzon receives mail for your own domain, keeps it in one file, and hands it
 to phones and computers over IMAP and POP3. It sends mail on, by a relay or
 by itself, gets its certificates, and is set up on a page in the browser.`

// Write makes the package.
func (p Package) Write(w io.Writer) error {
	entries, err := p.entries()
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "buzon-deb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	scripts, err := unpack(stage)
	if err != nil {
		return err
	}
	contents, err := p.contents(stage, entries)
	if err != nil {
		return err
	}
	compression := "xz"
	if p.quick {
		compression = "gzip:1"
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "buzon", Arch: p.Arch, Platform: "linux", Version: p.Version, VersionSchema: "none",
		Section: "mail", Priority: "optional", Maintainer: maintainer, Description: description,
		DisableGlobbing: true, MTime: p.When,
		Overridables: nfpm.Overridables{
			Depends: []string{"systemd", "init-system-helpers (>= 1.54~)", "debconf (>= 0.5) | debconf-2.0", "ca-certificates"},
			Scripts: nfpm.Scripts{
				PreInstall: scripts("preinst"), PostInstall: scripts("postinst"),
				PreRemove: scripts("prerm"), PostRemove: scripts("postrm"),
			},
			Deb:      nfpm.Deb{Arch: p.Arch, Compression: compression, Scripts: nfpm.DebScripts{Templates: scripts("templates")}},
			Contents: contents,
		},
	})
	if err := nfpmdeb.Default.Package(info, w); err != nil {
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	return nil
}

// entries are the files of the package.
func (p Package) entries() ([]tree.Entry, error) {
	page, err := gz("buzon.1")
	if err != nil {
		return nil, err
	}
	changes, err := p.changelog()
	if err != nil {
		return nil, err
	}
	const units = "usr/lib/systemd/system/"
	return append([]tree.Entry{
		tree.Program("usr/bin/buzon", p.Program),
		tree.Text(units+"buzon.service", Unit("buzon.service")),
		tree.Text(units+"buzon.socket", Unit("buzon.socket")),
		tree.Text("usr/share/man/man1/buzon.1.gz", page),
		tree.Text("usr/share/doc/buzon/changelog.gz", changes),
		tree.Text("usr/share/doc/buzon/copyright", copyright),
	}, tree.Under("usr/share/doc/buzon", p.Docs)...), nil
}

// Unit is a file of ours: "buzon.service", "buzon.socket", "buzon.1". One that is not there is a mistake in the program.
func Unit(name string) string {
	text, err := own.ReadFile("files/" + name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// unpack puts the scripts into a folder, as nfpm wants them, and tells where they are.
func unpack(stage string) (func(name string) string, error) {
	where := func(name string) string { return filepath.Join(stage, "DEBIAN", name) }
	if err := os.Mkdir(filepath.Join(stage, "DEBIAN"), 0o755); err != nil {
		return nil, err
	}
	for _, name := range []string{"preinst", "postinst", "prerm", "postrm", "templates"} {
		if err := os.WriteFile(where(name), []byte(Unit(name)), 0o755); err != nil {
			return nil, err
		}
	}
	return where, nil
}

// contents stages the entries for nfpm.
func (p Package) contents(stage string, entries []tree.Entry) (files.Contents, error) {
	var all files.Contents
	for i, e := range entries {
		from := e.From
		if from == "" {
			from = filepath.Join(stage, fmt.Sprint(i))
			if err := os.WriteFile(from, e.Data, 0o644); err != nil {
				return nil, err
			}
		}
		all = append(all, &files.Content{
			Source: from, Destination: "/" + e.Path,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: fs.FileMode(e.Mode.Perm()), MTime: p.When},
		})
	}
	return all, nil
}
