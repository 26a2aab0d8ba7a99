// Package openwrt makes what routers with OpenWrt install: an .ipk for each architecture of releases with opkg (up to 24.10)
// and a plain archive with an install script for the later ones, whose package format we do not write.
//
// The mail is on a disk at the router's USB port. The router's own flash is refused unless the owner forces it. Buzon runs
// without privileges, so on high ports; leading the usual ones there is a command of its own, as it changes the firewall.
package openwrt

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"time"

	"buzon/firmware/pkg/roots"
	"buzon/firmware/pkg/tree"
)

//go:embed files
var own embed.FS

// Package is what goes into the packages of one machine, whatever the names under which OpenWrt has it.
type Package struct {
	Version string
	Program string // its path
	Docs    []tree.Entry
	When    time.Time

	data []byte // data.tar.gz: the same for all names, and long to compress
}

// IPK is the name of the package for an architecture.
func (p *Package) IPK(arch Arch) string { return fmt.Sprintf("buzon_%s_%s.ipk", p.Version, arch.Name) }

// Archive is the name of the plain archive for a target.
func (p *Package) Archive(target string) string { return p.folder(target) + ".tar.gz" }

func (p *Package) folder(target string) string {
	return fmt.Sprintf("buzon_%s_openwrt_%s", p.Version, target)
}

// entries are the files on the router but for the program.
func entries() []tree.Entry {
	return []tree.Entry{
		tree.Script("etc/init.d/buzon", file("init")),
		tree.Text("etc/config/buzon", file("config")),
		tree.Text("etc/hotplug.d/mount/90-buzon", file("hotplug")),
		tree.Text("usr/lib/buzon/place", file("place")),
		tree.Script("usr/lib/buzon/ports", file("ports")),
		tree.Script("usr/lib/buzon/setup", file("setup")),
		tree.Text("usr/lib/buzon/dstnat.nft", file("dstnat.nft")),
		tree.Text("usr/lib/buzon/input.nft", file("input.nft")),
	}
}

// file is one of ours. One that is not there is a mistake in the program.
func file(name string) string {
	text, err := own.ReadFile("files/" + name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// WriteIPK makes the package for an architecture: a tar archive of three, compressed.
func (p *Package) WriteIPK(w io.Writer, arch Arch) error {
	all := append(entries(), tree.Program("usr/bin/buzon", p.Program))
	all = append(all, tree.Under("usr/share/doc/buzon", p.Docs)...)
	if p.data == nil {
		var data bytes.Buffer
		if err := tree.TarGz(&data, "./", all, p.When); err != nil {
			return err
		}
		p.data = data.Bytes()
	}
	size, err := tree.Size(all)
	if err != nil {
		return err
	}
	var control bytes.Buffer
	err = tree.TarGz(&control, "./", []tree.Entry{
		tree.Text("control", p.control(arch, size)),
		tree.Text("conffiles", "/etc/config/buzon\n"),
		tree.Script("postinst", file("postinst")),
		tree.Script("prerm", file("prerm")),
	}, p.When)
	if err != nil {
		return err
	}
	return tree.Gzip(w, func(w io.Writer) error {
		return tree.Ordered(w, "./", []tree.Entry{
			tree.Text("debian-binary", "2.0\n"),
			{Path: "data.tar.gz", Mode: 0o644, Data: p.data},
			{Path: "control.tar.gz", Mode: 0o644, Data: control.Bytes()},
		}, p.When)
	})
}

func (p *Package) control(arch Arch, size int64) string {
	return fmt.Sprintf(`Package: buzon
Version: %s
Depends: libc, ca-bundle
Section: mail
Architecture: %s
Installed-Size: %d
SourceDateEpoch: %d
Maintainer: Buzon <buzon@localhost>
Description: Mail server for a home. Keeps the mail on a USB disk, never in the flash.
`, p.Version, arch.Name, size, p.When.Unix())
}

// WriteArchive makes the plain archive: the files below files/, the program, and the script that installs them. Routers
// without the package ca-bundle get the authorities from us.
func (p *Package) WriteArchive(w io.Writer, target string) error {
	authorities, err := roots.PEM()
	if err != nil {
		return err
	}
	all := tree.Under("files", append(entries(), tree.Entry{
		Path: "usr/lib/buzon/ca-certificates.crt", Mode: 0o644, Data: authorities,
	}))
	all = append(append(all, tree.Program("buzon", p.Program), tree.Script("install", file("install"))), p.Docs...)
	return tree.TarGz(w, "", tree.Under(p.folder(target), all), p.When)
}
