package update

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"golang.org/x/crypto/blake2b"
)

// File is an update that is being read. It is an io.Reader of the slot's image.
type File struct {
	Header
	key       Key
	signature []byte // of the hash
	packed    *io.LimitedReader
	hash      hash.Hash // of what was read of packed
	image     *gzip.Reader
	got       int64 // octets of the image given so far
	end       error // what every further Read gives
}

// maxLine is longer than any line of a signature that minisign writes or reads.
const maxLine = 8 << 10 // octets

// Open reads and verifies the signed header of an update. Errors are ErrNotUpdate, ErrSignature, ErrDamaged, and r's own.
func Open(r io.Reader, key Key) (*File, error) {
	in := bufio.NewReaderSize(r, maxLine)
	signature, comment, err := readSignature(in, key)
	if err != nil {
		return nil, err
	}
	header, err := parseHeader(comment)
	if err != nil {
		return nil, err
	}
	f := &File{Header: header, key: key, signature: signature}
	if f.hash, err = blake2b.New512(nil); err != nil {
		return nil, err
	}
	f.packed = &io.LimitedReader{R: in, N: header.Packed}
	// What is read ahead of gzip is hashed already; verify hashes the rest.
	if f.image, err = gzip.NewReader(bufio.NewReader(io.TeeReader(f.packed, f.hash))); err != nil {
		return nil, damaged(err)
	}
	f.image.Multistream(false)
	return f, nil
}

// readSignature reads the four lines, and gives the signature of the hash and the comment that the key vouches for.
func readSignature(in *bufio.Reader, key Key) (signature []byte, comment string, err error) {
	var lines [4]string
	for i := range lines {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) || errors.Is(err, io.EOF) {
			return nil, "", ErrNotUpdate
		}
		if err != nil {
			return nil, "", err
		}
		lines[i] = strings.TrimRight(string(line), "\r\n")
		if i == 0 && !strings.HasPrefix(lines[0], untrusted) {
			return nil, "", ErrNotUpdate
		}
	}
	raw, errRaw := base64.StdEncoding.DecodeString(lines[1])
	comment, isComment := strings.CutPrefix(lines[2], trusted)
	global, errGlobal := base64.StdEncoding.DecodeString(lines[3])
	if errRaw != nil || errGlobal != nil || !isComment || len(raw) != 2+8+ed25519.SignatureSize {
		return nil, "", ErrNotUpdate
	}
	signature = raw[10:]
	if key.IsZero() || string(raw[:2]) != hashMark || string(raw[2:10]) != string(key.id[:]) {
		return nil, "", ErrSignature
	}
	if !ed25519.Verify(key.key, append(append([]byte{}, signature...), comment...), global) {
		return nil, "", ErrSignature
	}
	return signature, comment, nil
}

// Read gives octets of the image, which are not to be believed before it gives io.EOF.
func (f *File) Read(p []byte) (int, error) {
	if f.end != nil {
		return 0, f.end
	}
	n, err := f.image.Read(p)
	f.got += int64(n)
	switch {
	case f.got > f.Image:
		f.end = ErrDamaged
	case errors.Is(err, io.EOF):
		f.end = f.verify()
	case err != nil:
		f.end = damaged(err)
	}
	if f.end != nil && !errors.Is(f.end, io.EOF) {
		return 0, f.end
	}
	return n, f.end
}

// Verified tells that all of the image was read and is as it was signed.
func (f *File) Verified() bool { return errors.Is(f.end, io.EOF) }

// Done tells how many octets of the compressed image were read so far.
func (f *File) Done() int64 { return f.Packed - f.packed.N }

// verify is at the end of the image: io.EOF if all is as signed.
func (f *File) verify() error {
	if _, err := io.Copy(f.hash, f.packed); err != nil { // nothing comes after an image, but the signature decides
		return damaged(err)
	}
	if f.packed.N != 0 || f.got != f.Image {
		return ErrDamaged
	}
	if !ed25519.Verify(f.key.key, f.hash.Sum(nil), f.signature) {
		return fmt.Errorf("%w: its image is not what was signed", ErrDamaged)
	}
	return io.EOF
}

// damaged tells errors of the form from errors of whatever is read.
func damaged(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) {
		return ErrDamaged
	}
	return err
}
