// Package initrd makes the archive that a Linux kernel unpacks as its first root: "newc" cpio (initramfs buffer format of
// the kernel's documentation), compressed by gzip.
//
// Invariant: the same files give the same octets, whatever the order in which they are given, and whenever.
package initrd

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// File is one of the archive. Folders on the way to it need not be named: they are made, for root alone to change.
type File struct {
	Name string // "buzon" or "etc/hosts"; without a slash at the begin
	Mode uint32 // as of stat(2): the type, and the permissions. No type is a regular file
	Size int64  // octets of Body
	Body io.Reader
	// Device is what a node of a device stands for.
	Major, Minor uint32
}

// The types of files in Mode.
const (
	Regular   = 0o100000
	Folder    = 0o040000
	Character = 0o020000
	typeMask  = 0o170000
)

// Build is the archive of the files, read as it is made. What is wrong with the files comes as the reader's error.
func Build(files []File) io.Reader {
	r, w := io.Pipe()
	go func() { w.CloseWithError(write(w, files)) }()
	return r
}

func write(to io.Writer, files []File) error {
	files, err := complete(files)
	if err != nil {
		return err
	}
	compressor, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	a := &archive{to: compressor}
	for _, f := range files {
		if err := a.add(f); err != nil {
			return fmt.Errorf("initrd: %s: %w", f.Name, err)
		}
	}
	if err := a.add(File{Name: "TRAILER!!!"}); err != nil {
		return err
	}
	return compressor.Close()
}

// complete sorts the files, checks their names and puts in the folders that they need, each before what is in it.
func complete(files []File) ([]File, error) {
	have := map[string]File{}
	for _, f := range files {
		if !fs.ValidPath(f.Name) || f.Name == "." {
			return nil, fmt.Errorf("initrd: %q is no name of a file", f.Name)
		}
		if _, twice := have[f.Name]; twice {
			return nil, fmt.Errorf("initrd: %s is there twice", f.Name)
		}
		if f.Mode&typeMask == 0 {
			f.Mode |= Regular
		}
		have[f.Name] = f
	}
	for _, f := range files {
		for folder := path.Dir(f.Name); folder != "."; folder = path.Dir(folder) {
			if _, there := have[folder]; !there {
				have[folder] = File{Name: folder, Mode: Folder | 0o755}
			}
		}
	}
	all := make([]File, 0, len(have))
	for _, f := range have {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// archive writes entries one after the other.
type archive struct {
	to    io.Writer
	inode uint32
}

// add writes one entry: a head of hexadecimal numbers, the name, the body, each filled up to 4 octets.
func (a *archive) add(f File) error {
	a.inode++
	links := uint32(1)
	if f.Mode&typeMask == Folder {
		links = 2
	}
	name := f.Name + "\x00"
	head := []uint32{a.inode, f.Mode, 0, 0, links, 0, uint32(f.Size), 0, 0, f.Major, f.Minor, uint32(len(name)), 0}
	if int64(uint32(f.Size)) != f.Size {
		return fmt.Errorf("%d octets are too many", f.Size)
	}
	var b strings.Builder
	b.WriteString("070701")
	for _, n := range head {
		fmt.Fprintf(&b, "%08X", n)
	}
	b.WriteString(name)
	b.WriteString(filling(b.Len()))
	if _, err := io.WriteString(a.to, b.String()); err != nil {
		return err
	}
	if f.Body == nil {
		return a.fill(0, f.Size)
	}
	n, err := io.Copy(a.to, f.Body)
	if err != nil {
		return err
	}
	return a.fill(n, f.Size)
}

func (a *archive) fill(written, size int64) error {
	if written != size {
		return fmt.Errorf("%d octets, not the %d that were announced", written, size)
	}
	_, err := io.WriteString(a.to, filling(int(size%4)))
	return err
}

// filling is what makes n octets a multiple of four.
func filling(n int) string { return "\x00\x00\x00"[:(4-n%4)%4] }
