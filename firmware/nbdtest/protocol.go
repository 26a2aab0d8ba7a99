package nbdtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Numbers of the protocol, with the names of its document.
const (
	nbdMagic       = 0x4e42444d41474943
	optMagic       = 0x49484156454F5054
	optReplyMagic  = 0x3e889045565a9
	requestMagic   = 0x25609513
	replyMagic     = 0x67446698
	flagFixed      = 1
	flagNoZeroes   = 2
	optExportName  = 1
	optAbort       = 2
	optInfo        = 6
	optGo          = 7
	repAck         = 1
	repInfo        = 3
	repErrUnsup    = 1<<31 | 1
	infoExport     = 0
	infoBlockSize  = 3
	hasFlags       = 1
	sendFlush      = 4
	sendFUA        = 8
	cmdRead        = 0
	cmdWrite       = 1
	cmdDisconnect  = 2
	cmdFlush       = 3
	cmdFlagFUA     = 1
	invalid        = 22 // EINVAL
	ioError        = 5  // EIO
	mostAtOnce     = 32 << 20
	mostOfOption   = 4 << 10
	transmission   = hasFlags | sendFlush | sendFUA
	zeroesOfExport = 124
)

// wire is a connection of big-endian numbers. The first error stays.
type wire struct {
	r   *bufio.Reader
	w   *bufio.Writer
	err error
}

func (w *wire) get(v any) {
	if w.err == nil {
		w.err = binary.Read(w.r, binary.BigEndian, v)
	}
}

func (w *wire) put(values ...any) {
	for _, v := range values {
		if w.err == nil {
			w.err = binary.Write(w.w, binary.BigEndian, v)
		}
	}
}

func (w *wire) flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

// talk is a connection from the greeting to its end.
func (d *Disk) talk(conn net.Conn) error {
	w := &wire{r: bufio.NewReaderSize(conn, 64<<10), w: bufio.NewWriterSize(conn, 64<<10)}
	w.put(uint64(nbdMagic), uint64(optMagic), uint16(flagFixed|flagNoZeroes))
	if err := w.flush(); err != nil {
		return err
	}
	var flags uint32
	w.get(&flags)
	for {
		goOn, err := d.option(w, flags&flagNoZeroes != 0)
		if err != nil {
			return err
		}
		if goOn {
			break
		}
	}
	for {
		if err := d.request(w); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
	}
}

// option hears one option. goOn says that requests follow.
func (d *Disk) option(w *wire, noZeroes bool) (goOn bool, err error) {
	var magic uint64
	var option, length uint32
	w.get(&magic)
	w.get(&option)
	w.get(&length)
	if w.err == nil && (magic != optMagic || length > mostOfOption) {
		w.err = fmt.Errorf("option %d of %d octets, magic %x", option, length, magic)
	}
	if w.err == nil {
		_, w.err = w.r.Discard(int(length)) // names and wishes: there is one disk
	}
	switch option {
	case optExportName:
		w.put(uint64(d.size), uint16(transmission))
		if !noZeroes {
			w.put(make([]byte, zeroesOfExport))
		}
		return true, w.flush()
	case optGo, optInfo:
		w.put(uint64(optReplyMagic), option, uint32(repInfo), uint32(12), uint16(infoExport), uint64(d.size), uint16(transmission))
		w.put(uint64(optReplyMagic), option, uint32(repInfo), uint32(14), uint16(infoBlockSize), uint32(sector), uint32(4096), uint32(mostAtOnce))
		w.put(uint64(optReplyMagic), option, uint32(repAck), uint32(0))
		return option == optGo, w.flush()
	case optAbort:
		w.put(uint64(optReplyMagic), option, uint32(repAck), uint32(0))
		return false, errors.Join(w.flush(), io.EOF)
	}
	w.put(uint64(optReplyMagic), option, uint32(repErrUnsup), uint32(0))
	return false, w.flush()
}

// request hears one request and answers it.
func (d *Disk) request(w *wire) error {
	var head struct {
		Magic       uint32
		Flags, Kind uint16
		Cookie      uint64
		At          uint64
		Length      uint32
	}
	w.get(&head)
	if w.err != nil {
		return w.err
	}
	if head.Magic != requestMagic {
		return fmt.Errorf("a request with magic %x", head.Magic)
	}
	var fault uint32
	var answer []byte
	switch head.Kind {
	case cmdRead, cmdWrite:
		if err := d.inside(int64(head.At), int64(head.Length)); err != nil {
			return err
		}
		b := make([]byte, head.Length)
		if head.Kind == cmdRead {
			if answer = b; d.read(b, int64(head.At)) != nil {
				fault, answer = ioError, nil
			}
			break
		}
		if _, err := io.ReadFull(w.r, b); err != nil {
			return err
		}
		d.write(b, int64(head.At))
		// All of it is flushed, which a disk may do.
		if head.Flags&cmdFlagFUA != 0 && d.Flush() != nil {
			fault = ioError
		}
	case cmdFlush:
		if d.Flush() != nil {
			fault = ioError
		}
	case cmdDisconnect:
		return io.EOF
	default:
		fault = invalid
	}
	w.put(uint32(replyMagic), fault, head.Cookie, answer)
	return w.flush()
}
