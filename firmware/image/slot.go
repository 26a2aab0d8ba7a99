package image

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"buzon/firmware/initrd"
	"buzon/firmware/internal/fat"
	"buzon/firmware/pkg/roots"
)

// Names in a slot.
const (
	kernelName = "vmlinuz"
	initrdName = "initrd.gz"
	infoName   = "buzon.txt" // what the slot is, for whoever looks at the card; slot.Version reads it
	noticeDir  = "licences/"
)

// Info is /etc/buzon/image.json of the system: what the first process has to know of itself.
type Info struct {
	Version string `json:"version"`
	Board   string `json:"board"`
	Data    int    `json:"data"`          // number of the form of the data file that this Buzon uses
	Key     string `json:"key,omitempty"` // as update.ParseKey reads it; without one there are no updates
}

// InfoPath is where Info is in the initrd.
const InfoPath = "etc/buzon/image.json"

// writeSlot writes the file system of a slot: kernel, initrd, and all that starts them. used octets of it are not empty.
func (o Options) writeSlot(ctx context.Context, w io.WriterAt) (used int64, err error) {
	folder, err := os.MkdirTemp("", "mkimage")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	files, err := o.slotFiles(ctx, folder)
	if err != nil {
		return 0, err
	}
	// An image fits both slots: it does not say where it lies, which no loader of ours asks for, nor which of them it is.
	return o.writeFAT(w, part{name: "slot", size: slotSize}, slotLabel, files)
}

// slotFiles puts what has to be made first into a folder.
func (o Options) slotFiles(ctx context.Context, folder string) ([]fat.File, error) {
	ramdisk := filepath.Join(folder, initrdName)
	if err := o.makeInitrd(ramdisk); err != nil {
		return nil, err
	}
	kernel := filepath.Join(o.Kernel, "vmlinuz")
	if o.Board.pack {
		packed := filepath.Join(folder, kernelName)
		if err := pack(ctx, packed, kernel); err != nil {
			return nil, fmt.Errorf("image: kernel: %w", err)
		}
		kernel = packed
	}
	files := []fat.File{fat.Text(infoName, "board="+o.Board.Name+"\r\nversion="+o.Version+"\r\n")}
	for name, path := range map[string]string{kernelName: kernel, initrdName: ramdisk} {
		f, err := onDisk(name, path)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	for _, n := range o.Notices {
		files = append(files, fat.Bytes(noticeDir+n.Name, n.Text))
	}
	start, err := o.startFiles()
	return append(files, start...), err
}

// startFiles are what the board's loader wants of a slot.
func (o Options) startFiles() ([]fat.File, error) {
	if o.Board.IsPi() {
		return o.piSlot()
	}
	return []fat.File{fat.Text(slotConfig, o.grubSlot())}, nil
}

// makeInitrd is the whole system but the kernel.
func (o Options) makeInitrd(path string) error {
	authorities, err := roots.PEM()
	if err != nil {
		return err
	}
	info, err := json.Marshal(Info{Version: o.Version, Board: o.Board.Name, Data: o.Data, Key: o.Key.String()})
	if err != nil {
		return err
	}
	programs := path + ".programs"
	if err := initrd.Squash(programs, map[string]string{"buzon": o.Buzon}); err != nil {
		return err
	}
	open := &opened{}
	defer open.close()
	files := []initrd.File{
		open.file("init", o.Init, 0o755), open.file(initrd.ProgramsName, programs, 0o644),
		text(InfoPath, append(info, '\n')), text(roots.Path, authorities),
		// The kernel opens the console for the first process before that can make it.
		{Name: "dev/console", Mode: initrd.Character | 0o600, Major: 5, Minor: 1},
		{Name: "dev/null", Mode: initrd.Character | 0o666, Major: 1, Minor: 3},
	}
	for _, folder := range []string{"proc", "sys", "run", "tmp", "boot", "data"} {
		files = append(files, initrd.File{Name: folder, Mode: initrd.Folder | 0o755})
	}
	if open.err != nil {
		return fmt.Errorf("image: %w", open.err)
	}
	return save(path, initrd.Build(files))
}

// pack compresses a file.
func pack(ctx context.Context, to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	r, w := io.Pipe()
	go func() { w.CloseWithError(Compress(ctx, w, in)) }()
	return save(to, r)
}

// Compress writes r in gzip's form as small as it gets, without name and time.
func Compress(ctx context.Context, w io.Writer, r io.Reader) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.Copy(z, untilDone{ctx, r}); err != nil {
		return err
	}
	return z.Close()
}

// untilDone ends with its context.
type untilDone struct {
	context.Context
	r io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func save(path string, r io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

func onDisk(name, path string) (fat.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fat.File{}, fmt.Errorf("image: %w", err)
	}
	return fat.File{Name: name, Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(path) }}, nil
}
