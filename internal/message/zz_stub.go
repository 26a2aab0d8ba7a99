package message

import (
	"errors"
	"io"
	"net/netip"
	"time"
)

var errStub = errors.New("message: not built yet")

func Parse(r io.ReaderAt, size int64) (*Structure, error)            { return nil, errStub }
func (e *Envelope) AppendBinary(b []byte) []byte                     { return b }
func DecodeEnvelope(b []byte) (*Envelope, error)                     { return nil, errStub }
func (p *Part) AppendBinary(b []byte) []byte                         { return b }
func DecodePart(b []byte) (*Part, error)                             { return nil, errStub }
func Header(r io.Reader, f func(name string, raw []byte) bool) error { return errStub }
func DecodeHeader(s string) string                                   { return s }
func (p *Part) DecodedBody(r io.ReaderAt) io.Reader                  { return nil }
func (p *Part) Text(r io.ReaderAt) io.Reader                         { return nil }
func (p *Part) Find(path []int) (*Part, bool)                        { return nil, false }
func BaseSubject(s string) (base string, reply bool)                 { return s, false }
func ParseDate(s string) (time.Time, bool)                           { return time.Time{}, false }
func (t Trace) AppendReceived(b []byte) []byte                       { return b }
func ReturnPath(a Address) string                                    { return "" }
func DeliveredTo(a Address) string                                   { return "" }
func CountReceived(r io.Reader) (int, error)                         { return 0, errStub }
func ParseContacts(s string) []Contact                               { return nil }

type Trace struct {
	From       string
	Addr       netip.Addr
	Reverse    string
	By         string
	With       string
	ID         string
	For        Address
	TLS        string
	Time       time.Time
	HideClient bool
}
