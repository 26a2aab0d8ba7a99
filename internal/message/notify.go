package message

import (
	"errors"
	"fmt"
	"strings"
)

// Notify is when the sender wants to hear of a recipient's fate (RFC 3461 §4.1).
// Zero is "not said": failure and delay.
type Notify uint8

// The bits of Notify. NotifyNever stands alone.
const (
	NotifyNever Notify = 1 << iota
	NotifySuccess
	NotifyFailure
	NotifyDelay
)

// ErrNotify is what every error of ParseNotify wraps.
var ErrNotify = errors.New("not a NOTIFY value")

// notifyWords are the bits by their keywords on the wire, in their order.
func notifyWords() []string { return []string{"NEVER", "SUCCESS", "FAILURE", "DELAY"} }

// ParseNotify reads the value of RCPT's parameter NOTIFY: "NEVER", or a list
// such as "SUCCESS,FAILURE". The empty string is zero.
func ParseNotify(s string) (Notify, error) {
	if s == "" {
		return 0, nil
	}
	var n Notify
	for item := range strings.SplitSeq(s, ",") {
		bit, ok := notifyBit(item)
		if !ok {
			return 0, fmt.Errorf("%w: %q", ErrNotify, item)
		}
		n |= bit
	}
	if n.Has(NotifyNever) && n != NotifyNever { // RFC 3461 §4.1: by itself only
		return 0, fmt.Errorf("%w: NEVER with others", ErrNotify)
	}
	return n, nil
}

func notifyBit(word string) (Notify, bool) {
	for i, known := range notifyWords() {
		if strings.EqualFold(word, known) {
			return 1 << i, true
		}
	}
	return 0, false
}

// String is the value of NOTIFY on the wire, empty when nothing was said.
func (n Notify) String() string {
	var said []string
	for i, word := range notifyWords() {
		if n.Has(1 << i) {
			said = append(said, word)
		}
	}
	return strings.Join(said, ",")
}

// Has tells whether any of bits is set, as it was said.
func (n Notify) Has(bits Notify) bool { return n&bits != 0 }
