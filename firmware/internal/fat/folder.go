package fat

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf16"
)

// node is a file, or a folder with children.
type node struct {
	name     string
	label    string // of the volume, in its root
	file     File   // Open is nil in a folder
	children []*node
	cluster  int64  // the first
	short    string // 11 octets, FATGEN's DIR_Name
	flags    byte   // which parts of a short name are in small letters
	long     bool   // the short name does not tell the name
}

func (n *node) isFolder() bool { return n.file.Open == nil }

// tree makes the folders of the files, sorted.
func tree(files []File) (*node, error) {
	root := &node{}
	files = slices.SortedFunc(slices.Values(files), func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range files {
		if !fs.ValidPath(f.Name) || f.Open == nil {
			return nil, fmt.Errorf("fat: %q is no file", f.Name)
		}
		if err := root.add(strings.Split(f.Name, "/"), f); err != nil {
			return nil, err
		}
	}
	return root, root.nameAll()
}

func (n *node) add(path []string, f File) error {
	i := slices.IndexFunc(n.children, func(c *node) bool { return strings.EqualFold(c.name, path[0]) })
	if i < 0 {
		n.children = append(n.children, &node{name: path[0]})
		i = len(n.children) - 1
	} else if len(path) == 1 || !n.children[i].isFolder() {
		return fmt.Errorf("fat: %s is there twice", f.Name)
	}
	if len(path) == 1 {
		n.children[i].file = f
		return nil
	}
	return n.children[i].add(path[1:], f)
}

// Attributes of an entry.
const (
	isVolume = 0x08
	isDir    = 0x10
	isFile   = 0x20
	isLong   = 0x0F
)

// octets is the size of a folder.
func (n *node) octets() int64 {
	entries := 2 // "." and "..", or the label and the end
	for _, c := range n.children {
		entries++
		if c.long {
			entries += longEntries(c.name)
		}
	}
	return int64(entries * entry)
}

// entries is the content of a folder.
func (n *node) entries(parent *node) []byte {
	var b []byte
	if n == parent {
		b = append(b, shortEntry(pad(n.label, 11), isVolume, 0, 0, 0)...)
	} else {
		up := parent.cluster
		if parent.name == "" {
			up = 0 // FATGEN: the root is 0 there
		}
		b = append(b, shortEntry(pad(".", 11), isDir, 0, n.cluster, 0)...)
		b = append(b, shortEntry(pad("..", 11), isDir, 0, up, 0)...)
	}
	for _, c := range n.children {
		kind := byte(isFile)
		if c.isFolder() {
			kind = isDir
		}
		if c.long {
			b = append(b, longName(c.name, c.short)...)
		}
		b = append(b, shortEntry(c.short, kind, c.flags, c.cluster, c.file.Size)...)
	}
	return b
}

// date is the first day that FAT knows, 1 January 1980: the time of every file.
const date = 1<<5 | 1

func shortEntry(name string, kind, flags byte, cluster, size int64) []byte {
	b := make([]byte, entry)
	copy(b, name)
	b[11], b[12] = kind, flags
	le := binary.LittleEndian
	le.PutUint16(b[16:], date) // made
	le.PutUint16(b[18:], date) // read
	le.PutUint16(b[20:], uint16(cluster>>16))
	le.PutUint16(b[24:], date) // written
	le.PutUint16(b[26:], uint16(cluster))
	le.PutUint32(b[28:], uint32(size))
	return b
}

// inLong is how many units of UTF-16 an entry of a long name has.
const inLong = 13

func longEntries(name string) int { return (len(utf16.Encode([]rune(name))) + inLong - 1) / inLong }

// longName is FATGEN, "FAT Long Directory Entries": the last part comes first.
func longName(name, short string) []byte {
	units := utf16.Encode([]rune(name))
	count := longEntries(name)
	if len(units) < count*inLong {
		units = append(units, 0)
	}
	for len(units) < count*inLong {
		units = append(units, 0xFFFF)
	}
	var sum byte
	for i := range len(short) {
		sum = sum>>1 | sum<<7
		sum += short[i]
	}
	var all []byte
	for i := count; i > 0; i-- {
		b := make([]byte, entry)
		b[0] = byte(i)
		if i == count {
			b[0] |= 0x40
		}
		b[11], b[13] = isLong, sum
		at := []int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30}
		for j, u := range units[(i-1)*inLong : i*inLong] {
			binary.LittleEndian.PutUint16(b[at[j]:], u)
		}
		all = append(all, b...)
	}
	return all
}
