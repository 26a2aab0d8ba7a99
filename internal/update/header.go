package update

import (
	"fmt"
	"strconv"
	"strings"
)

// Header is what an update says of itself; all of it is signed.
type Header struct {
	Board   string // for which the image is: "rpi", "arm64-efi", "amd64-efi"
	Version string // of Buzon in it, in the order of Newer
	Data    int    // number of the form of the data file that it uses
	Packed  int64  // octets of the compressed image, which follow the signature
	Image   int64  // octets of the image on the partition
}

// headerForm is the first word of a header. A form that old systems must not read gets another one.
const headerForm = "buzon-slot-1"

// maxImage is more than any slot: what a signed header may promise.
const maxImage = 4 << 30 // octets

// String is the trusted comment.
func (h Header) String() string {
	return fmt.Sprintf("%s board=%s version=%s data=%d packed=%d image=%d", headerForm, h.Board, h.Version, h.Data, h.Packed, h.Image)
}

// parseHeader reads a trusted comment. Words it does not know may come later and are not for us.
func parseHeader(comment string) (Header, error) {
	words := strings.Fields(comment)
	if len(words) == 0 || words[0] != headerForm {
		return Header{}, fmt.Errorf("%w: its header is not for this system", ErrNotUpdate)
	}
	given := map[string]string{}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		given[name] = value
	}
	h := Header{Board: given["board"], Version: given["version"]}
	data, errData := strconv.ParseUint(given["data"], 10, 31)
	packed, errPacked := strconv.ParseUint(given["packed"], 10, 63)
	image, errImage := strconv.ParseUint(given["image"], 10, 63)
	if errData != nil || errPacked != nil || errImage != nil || h.Board == "" || h.Version == "" || packed > maxImage || image > maxImage {
		return Header{}, fmt.Errorf("%w: its header makes no sense", ErrNotUpdate)
	}
	h.Data, h.Packed, h.Image = int(data), int64(packed), int64(image)
	return h, nil
}

// Check tells whether the image may be tried on a board on which a version runs: ErrBoard, or ErrOlder unless forced.
func (h Header) Check(board, running string, force bool) error {
	if h.Board != board {
		return fmt.Errorf("%w: %s, and this is %s", ErrBoard, h.Board, board)
	}
	if !force && !Newer(h.Version, running) {
		return fmt.Errorf("%w: %s, and %s runs", ErrOlder, h.Version, running)
	}
	return nil
}
