// Package update is how a Buzon on our own image gets a new version: the form of an update file, and what Buzon and the
// first process of the image (PID 1, which alone may write slots) say to each other on a socket. Both use it, so that one
// test covers both ends.
//
// An update file is a signature in the form of minisign, four lines of text, followed by what is signed: the image of a slot
// partition, compressed by gzip. `head -n 4` of it is a .minisig file and `tail -n +5` the file that this signs, so minisign
// can verify by hand what we verify. The trusted comment is the header: board, version, form of the data, sizes.
//
// Invariants: the header is believed only after the key's second signature, which covers it and the first signature, was
// verified; that is before an octet of the image is looked at, so a file of somebody else is refused before anything is
// written. File.Read gives io.EOF only after size and hash of the whole were verified as well: whoever writes to a disk
// writes the sector without which nothing boots after that. An image for another board is refused always, one that is not
// newer than the running one unless forced.
//
// Ed25519 is RFC 8032, BLAKE2b RFC 7693, gzip RFC 1952; the form of signatures is minisign's.
package update

import (
	"errors"
	"fmt"
)

// Why an update was not done, for errors.Is; Code gives each its word on the socket.
var (
	ErrNotUpdate = errors.New("update: this is no update file")
	ErrSignature = errors.New("update: not signed with the key that this system trusts")
	ErrDamaged   = errors.New("update: the file is cut short or damaged")
	ErrBoard     = errors.New("update: this is for another board")
	ErrOlder     = errors.New("update: this is not newer than what runs")
	ErrTooLarge  = errors.New("update: larger than the slot")
	ErrNoRoom    = errors.New("update: no room for a copy of the data while it is tried")
	ErrBusy      = errors.New("update: another update is under way")
	ErrTrial     = errors.New("update: the running version is still on trial")
	ErrFailed    = errors.New("update: it did not work") // of the disk, or whatever else has no word of its own
)

// codes are the words on the socket.
func codes() map[string]error {
	return map[string]error{
		"not-update": ErrNotUpdate, "signature": ErrSignature, "damaged": ErrDamaged, "board": ErrBoard, "older": ErrOlder,
		"too-large": ErrTooLarge, "no-room": ErrNoRoom, "busy": ErrBusy, "trial": ErrTrial, "failed": ErrFailed,
	}
}

// Code is the word for err on the socket, "" for none and "failed" for whatever is not ours.
func Code(err error) string {
	if err == nil {
		return ""
	}
	for code, known := range codes() {
		if errors.Is(err, known) {
			return code
		}
	}
	return "failed"
}

// failure turns a word of the socket and its detail into an error again.
func failure(code, detail string) error {
	err, known := codes()[code]
	if !known {
		err = ErrFailed
	}
	if detail == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, detail)
}
