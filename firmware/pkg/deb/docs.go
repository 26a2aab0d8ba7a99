package deb

import (
	"bytes"
	"fmt"
	"io"

	"buzon/firmware/pkg/tree"
)

// copyright is what Debian wants to know. Buzon's owner has not put a licence into its tree yet.
const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Buzon

Files: *
Copyright: the authors of Buzon
License: see-source
 The source of Buzon tells under which terms it may be passed on; where it tells
 none, ask its authors. The works of others that are linked into the program, their
 licences and where their source is, are in /usr/share/doc/buzon/THIRD-PARTY.
`

// changelog has one entry: what changed is in the history of the source.
func (p Package) changelog() (string, error) {
	return squeeze(fmt.Sprintf("buzon (%s) stable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n",
		p.Version, p.Version, maintainer, p.When.Format("Mon, 02 Jan 2006 15:04:05 -0700")))
}

// gz is a file of ours as manuals and changelogs are installed.
func gz(name string) (string, error) { return squeeze(Unit(name)) }

func squeeze(text string) (string, error) {
	var out bytes.Buffer
	err := tree.Gzip(&out, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	return out.String(), err
}
