package fat

import (
	"encoding/binary"
	"fmt"
	"io"
)

// writeHead writes all before the first cluster.
func (p *plan) writeHead(w io.WriterAt, v Volume) error {
	boot, info := p.bootSector(v), p.infoSector()
	for _, copy := range []int64{0, 6} { // FATGEN: the copy is in sector 6
		if _, err := w.WriteAt(boot, copy*Sector); err != nil {
			return err
		}
		if _, err := w.WriteAt(info, (copy+1)*Sector); err != nil {
			return err
		}
	}
	table := make([]byte, 4*p.next)
	binary.LittleEndian.PutUint32(table, 0x0FFFFFF8) // FATGEN: the kind of medium
	binary.LittleEndian.PutUint32(table[4:], endOfChain)
	for _, r := range p.runs {
		for c := r.first; c < r.first+r.count-1; c++ {
			binary.LittleEndian.PutUint32(table[4*c:], uint32(c+1))
		}
		binary.LittleEndian.PutUint32(table[4*(r.first+r.count-1):], endOfChain)
	}
	for _, at := range []int64{reserved, reserved + p.table} {
		if _, err := w.WriteAt(table, at); err != nil {
			return err
		}
	}
	return nil
}

// bootSector is FATGEN, "Boot Sector and BPB".
func (p *plan) bootSector(v Volume) []byte {
	b := make([]byte, Sector)
	copy(b, "\xEB\x58\x90BUZON   ")
	le := binary.LittleEndian
	le.PutUint16(b[11:], Sector)
	b[13] = byte(p.cluster / Sector)
	le.PutUint16(b[14:], reserved/Sector)
	b[16] = 2                 // tables
	b[21] = 0xF8              // a fixed disk
	le.PutUint16(b[24:], 63)  // sectors a track and
	le.PutUint16(b[26:], 255) // heads: nobody has them, some look
	le.PutUint32(b[28:], uint32(v.Hidden/Sector))
	le.PutUint32(b[32:], uint32(v.Size/Sector))
	le.PutUint32(b[36:], uint32(p.table/Sector))
	le.PutUint32(b[44:], firstCluster) // of the root
	le.PutUint16(b[48:], 1)            // sector of infoSector
	le.PutUint16(b[50:], 6)            // sector of the copy
	b[64], b[66] = 0x80, 0x29
	le.PutUint32(b[67:], v.Serial)
	copy(b[71:82], fmt.Sprintf("%-11s", v.Label))
	copy(b[82:90], "FAT32   ")
	b[510], b[511] = 0x55, 0xAA
	return b
}

// infoSector is FATGEN, "FSInfo Sector Structure".
func (p *plan) infoSector() []byte {
	b := make([]byte, Sector)
	le := binary.LittleEndian
	copy(b, "RRaA")
	copy(b[484:], "rrAa")
	le.PutUint32(b[488:], uint32(p.clusters+firstCluster-p.next))
	le.PutUint32(b[492:], uint32(p.next))
	b[510], b[511] = 0x55, 0xAA
	return b
}
