package image

import (
	"fmt"
	"slices"
)

// Board is a kind of machine that an image is for.
type Board struct {
	Name   string
	Arch   string // GOARCH
	kernel string // Go module that has it
	pack   bool   // the kernel is compressed for the card: a Raspberry Pi unpacks it, GRUB's own gzip does not take Go's
	loader string // Debian's package with GRUB for it; "" is a Raspberry Pi, which loads by itself
	efi    string // name under which UEFI looks for a loader, and
	grub   string // that of the file in the package
}

// Boards are all of them.
func Boards() []Board {
	return []Board{
		{Name: "rpi", Arch: "arm64", kernel: "github.com/gokrazy/kernel.rpi", pack: true},
		{Name: "arm64-efi", Arch: "arm64", kernel: "github.com/gokrazy/kernel.arm64",
			loader: "grub-efi-arm64-bin", efi: "BOOTAA64.EFI", grub: "arm64-efi/monolithic/gcdaa64.efi"},
		{Name: "amd64-efi", Arch: "amd64", kernel: "github.com/gokrazy/kernel.amd64",
			loader: "grub-efi-amd64-bin", efi: "BOOTX64.EFI", grub: "x86_64-efi/monolithic/gcdx64.efi"},
	}
}

// FindBoard gives the board of a name.
func FindBoard(name string) (Board, error) {
	boards := Boards()
	i := slices.IndexFunc(boards, func(b Board) bool { return b.Name == name })
	if i < 0 {
		return Board{}, fmt.Errorf("image: there is no board %q", name)
	}
	return boards[i], nil
}

// IsPi tells whether a Raspberry Pi's own boot code starts it.
func (b Board) IsPi() bool { return b.loader == "" }

// Kernel is the Go module that has the kernel.
func (b Board) Kernel() string { return b.kernel }

// PiModule is the Go module that has a Raspberry Pi's boot code.
const PiModule = "github.com/gokrazy/firmware"
