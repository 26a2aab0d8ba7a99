package image

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed licences/GPL-3.txt
var gpl3 []byte

// offer is for what has to be had in source by whoever gets the image (GPL-2.0 §3 b, GPL-3.0 §6 b).
const offer = `Whoever gave you this card or image gives you, for three years from that day, on request and at no more than the cost
of sending it, the complete source of the following programs on it. It is also to be had where the lines below say.

Linux (GPL-2.0, LINUX.txt)
  %s
  with the changes and the configuration in the folder _build of the Go module
  %s
  (https://proxy.golang.org/%[2]s/@v/ has it, and git at https://%[2]s).
%s
The programs init and buzon: THIRD-PARTY.txt.
`

const grubOffer = `
GRUB %s (GPL-3.0, GPL-3.txt)
  the source package grub2 of Debian in that version, https://snapshot.debian.org/package/grub2/
`

const piOffer = `
The boot code of the Raspberry Pi (bootcode.bin, start*.elf, fixup*.dat) has no source that is to be had. It may be
handed on for use with a Raspberry Pi only: BROADCOM.txt.
`

// SystemNotices are those of kernel and boot code. grub is the version of Debian's package.
func SystemNotices(o Options, grub string) ([]Notice, error) {
	linux, err := os.ReadFile(filepath.Join(o.Kernel, "LICENSE.linux"))
	if err != nil {
		return nil, fmt.Errorf("image: licences: %w", err)
	}
	upstream, err := os.ReadFile(filepath.Join(o.Kernel, "_build", "upstream-url.txt"))
	if err != nil {
		return nil, fmt.Errorf("image: licences: %w", err)
	}
	all := []Notice{{"LINUX.txt", linux}}
	var more string
	if o.Board.IsPi() {
		broadcom, err := os.ReadFile(filepath.Join(o.Pi, "LICENSE.broadcom"))
		if err != nil {
			return nil, fmt.Errorf("image: licences: %w", err)
		}
		all, more = append(all, Notice{"BROADCOM.txt", broadcom}), piOffer
	} else {
		all, more = append(all, Notice{"GPL-3.txt", gpl3}), fmt.Sprintf(grubOffer, grub)
	}
	text := fmt.Sprintf(offer, strings.TrimSpace(string(upstream)), o.Board.kernel, more)
	return append(all, Notice{"SOURCE.txt", []byte(text)}), nil
}
