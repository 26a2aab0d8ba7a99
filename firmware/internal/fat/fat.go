// Package fat writes a FAT32 file system with given files into an empty file or partition: what boot loaders of boards read,
// and what any computer shows of a card.
//
// Invariants: the same files give the same octets, whatever their order and whenever; each file and folder lies in one
// piece, and all of it lies at the front, so that the octets behind the last one need not be kept. The caller gives zeros:
// what would be zero is not written.
//
// The form is that of Microsoft's "FAT32 File System Specification" 1.03, cited as FATGEN.
package fat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// File is one of the file system. The folders on its way need not be named.
type File struct {
	Name string // with slashes: "buzon/README.txt"
	Size int64  // octets, below 4 GiB
	Open func() (io.ReadCloser, error)
}

// Text is a file of a few words.
func Text(name, text string) File { return Bytes(name, []byte(text)) }

// Bytes is a file that is in memory.
func Bytes(name string, b []byte) File {
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	return File{Name: name, Size: int64(len(b)), Open: open}
}

// Volume describes the file system.
type Volume struct {
	Label  string // up to 11 capital letters, digits, "-"
	Serial uint32
	Size   int64 // octets of the partition
	Hidden int64 // octets before the partition, which some loaders want to know
}

// Sizes in octets.
const (
	Sector   = 512
	reserved = 32 * Sector // FATGEN: usual for FAT32; the boot sector, its copy, and the count of free clusters lie there
	entry    = 32          // of a folder
	// A FAT32 has 65525 clusters or more: fewer make it a FAT16 in the eyes of whoever counts them (FATGEN, "FAT Type
	// Determination").
	leastClusters = 65525
	firstCluster  = 2
	endOfChain    = 0x0FFFFFFF
)

// ErrFull is that the files do not fit.
var ErrFull = errors.New("fat: no room for the files")

// geometry is where things are.
type geometry struct {
	cluster  int64 // octets
	clusters int64 // how many
	table    int64 // octets of one of the two tables
	data     int64 // offset of the first cluster
}

// measure takes clusters of 4 KiB, as flash memory likes, or smaller ones where there would be too few.
func measure(size int64) (geometry, error) {
	for cluster := int64(4096); cluster >= Sector; cluster /= 2 {
		clusters := (size - reserved) / (cluster + 8) // a cluster takes 4 octets in each table
		table := (4*(clusters+firstCluster) + Sector - 1) / Sector * Sector
		for reserved+2*table+clusters*cluster > size {
			clusters--
		}
		if clusters >= leastClusters {
			return geometry{cluster: cluster, clusters: clusters, table: table, data: reserved + 2*table}, nil
		}
	}
	return geometry{}, fmt.Errorf("fat: %d octets are too few for FAT32", size)
}

// Write makes the file system and tells how many octets, from the first on, are in use.
func Write(w io.WriterAt, v Volume, files []File) (used int64, err error) {
	g, err := measure(v.Size)
	if err != nil {
		return 0, err
	}
	root, err := tree(files)
	if err != nil {
		return 0, err
	}
	p := &plan{geometry: g, next: firstCluster}
	root.label = v.Label
	if err := p.place(root); err != nil {
		return 0, err
	}
	if err := p.writeHead(w, v); err != nil {
		return 0, fmt.Errorf("fat: %w", err)
	}
	if err := p.writeNode(w, root, root); err != nil {
		return 0, fmt.Errorf("fat: %w", err)
	}
	return p.offset(p.next), nil
}

// plan says which clusters are whose.
type plan struct {
	geometry
	next int64 // the first free cluster
	runs []run
}

type run struct{ first, count int64 }

func (p *plan) offset(cluster int64) int64 { return p.data + (cluster-firstCluster)*p.cluster }

// place gives a node and all below it their clusters: folders before what is in them.
func (p *plan) place(n *node) error {
	octets := n.file.Size
	if n.isFolder() {
		octets = n.octets()
	}
	if octets >= 1<<32 {
		return fmt.Errorf("fat: %s: %d octets are too many for a file", n.name, octets)
	}
	count := (octets + p.cluster - 1) / p.cluster
	if p.next+count > p.clusters+firstCluster {
		return ErrFull
	}
	if count > 0 { // an empty file has no cluster, and its entry says 0
		n.cluster = p.next
		p.runs = append(p.runs, run{p.next, count})
		p.next += count
	}
	for _, child := range n.children {
		if err := p.place(child); err != nil {
			return err
		}
	}
	return nil
}

// writeNode writes a folder or a file, and all below it.
func (p *plan) writeNode(w io.WriterAt, n, parent *node) error {
	if !n.isFolder() {
		return p.writeFile(w, n)
	}
	if _, err := w.WriteAt(n.entries(parent), p.offset(n.cluster)); err != nil {
		return err
	}
	for _, child := range n.children {
		if err := p.writeNode(w, child, n); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) writeFile(w io.WriterAt, n *node) error {
	r, err := n.file.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	copied, err := io.Copy(io.NewOffsetWriter(w, p.offset(n.cluster)), io.LimitReader(r, n.file.Size))
	if err == nil && copied != n.file.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("%s: %w", n.file.Name, err)
	}
	return nil
}
