// Package tree is the files of a package before there is a package, and tar archives of them whose octets depend on
// nothing else: no clock, no user, no order of a folder.
package tree

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Entry is one file, folder (Mode has fs.ModeDir) or link.
type Entry struct {
	Path   string      // from the root, without a leading slash: "usr/bin/buzon"
	Mode   fs.FileMode // permission, and fs.ModeDir for a folder
	Data   []byte      // what is in it; nil with From
	From   string      // a file whose content it has
	Target string      // of a symbolic link
	Owner  int         // user and group
}

// Text is a file that everybody may read.
func Text(path, content string) Entry { return Entry{Path: path, Mode: 0o644, Data: []byte(content)} }

// Script is a program as text.
func Script(path, content string) Entry { return Entry{Path: path, Mode: 0o755, Data: []byte(content)} }

// Program is a file to execute, which is elsewhere now.
func Program(path, from string) Entry { return Entry{Path: path, Mode: 0o755, From: from} }

// Folder is a folder of its own mode.
func Folder(path string, mode fs.FileMode) Entry { return Entry{Path: path, Mode: mode | fs.ModeDir} }

// Under gives the entries below a folder.
func Under(folder string, entries []Entry) []Entry {
	var below []Entry
	for _, e := range entries {
		e.Path = path.Join(folder, e.Path)
		below = append(below, e)
	}
	return below
}

// Tar writes the entries with the folders that they need, all of one time. prefix comes before each name: "./" is what
// opkg expects.
func Tar(w io.Writer, prefix string, entries []Entry, when time.Time) error {
	return Ordered(w, prefix, withFolders(entries), when)
}

// Ordered is Tar of just these entries, in their order.
func Ordered(w io.Writer, prefix string, entries []Entry, when time.Time) error {
	out := tar.NewWriter(w)
	for _, e := range entries {
		if err := add(out, prefix, e, when); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	return out.Close()
}

// TarGz is Tar, compressed.
func TarGz(w io.Writer, prefix string, entries []Entry, when time.Time) error {
	return Gzip(w, func(w io.Writer) error { return Tar(w, prefix, entries, when) })
}

// Gzip compresses what write writes. The header has neither a time nor a name.
func Gzip(w io.Writer, write func(io.Writer) error) error {
	out, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := write(out); err != nil {
		return err
	}
	return out.Close()
}

// withFolders sorts, and puts each folder before what is in it.
func withFolders(entries []Entry) []Entry {
	all := map[string]Entry{}
	for _, e := range entries {
		for up := path.Dir(e.Path); up != "."; up = path.Dir(up) {
			if _, there := all[up]; !there {
				all[up] = Folder(up, 0o755)
			}
		}
		all[e.Path] = e
	}
	var sorted []Entry
	for _, e := range all {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return sorted
}

func add(out *tar.Writer, prefix string, e Entry, when time.Time) error {
	h := &tar.Header{
		Name: prefix + e.Path, Mode: int64(e.Mode.Perm()), ModTime: when.UTC().Truncate(time.Second),
		Uid: e.Owner, Gid: e.Owner, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg,
	}
	body, err := e.open()
	if err != nil {
		return err
	}
	defer body.Close()
	switch {
	case e.Mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
	case e.Target != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.Target
	default:
		h.Size = body.size
	}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(out, body)
	return err
}

// content is what is in an entry.
type content struct {
	io.ReadCloser
	size int64 // octets
}

func (e Entry) open() (content, error) {
	if e.From == "" {
		return content{io.NopCloser(strings.NewReader(string(e.Data))), int64(len(e.Data))}, nil
	}
	f, err := os.Open(e.From)
	if err != nil {
		return content{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return content{}, err
	}
	return content{f, info.Size()}, nil
}

// Size is how many octets the entries have once installed.
func Size(entries []Entry) (int64, error) {
	var all int64
	for _, e := range entries {
		body, err := e.open()
		if err != nil {
			return 0, err
		}
		body.Close()
		all += body.size
	}
	return all, nil
}
