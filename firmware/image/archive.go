package image

import (
	"bytes"
	"os"

	"buzon/firmware/initrd"
)

// opened are the files that go into an archive. The first failure is kept, and makes the rest do nothing.
type opened struct {
	files []*os.File
	err   error
}

func (o *opened) file(name, path string, mode uint32) initrd.File {
	if o.err != nil {
		return initrd.File{}
	}
	f, err := os.Open(path)
	if err != nil {
		o.err = err
		return initrd.File{}
	}
	o.files = append(o.files, f)
	info, err := f.Stat()
	if err != nil {
		o.err = err
		return initrd.File{}
	}
	return initrd.File{Name: name, Mode: mode, Size: info.Size(), Body: f}
}

func (o *opened) close() {
	for _, f := range o.files {
		f.Close() // was only read
	}
}

func text(name string, b []byte) initrd.File {
	return initrd.File{Name: name, Mode: 0o644, Size: int64(len(b)), Body: bytes.NewReader(b)}
}
