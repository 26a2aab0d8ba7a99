package message

import "io"

// between writes what stands before offset to and belongs to no part: delimiters, preambles, epilogues.
func (d *downgrade) between(to int64) error {
	if to <= d.at {
		return nil
	}
	if d.to == EightBit {
		return d.raw(d.at, to)
	}
	in := newPooledLines(io.NewSectionReader(d.r, d.at, to-d.at))
	defer in.release()
	d.at = to
	for {
		line, first, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := d.w.Write(masked(line, first)); err != nil {
			return err
		}
	}
}

// masked replaces octets above 127. A line that had some was no delimiter, and must not become one.
func masked(line []byte, first bool) []byte {
	clean := true
	for i, c := range line {
		if c >= 0x80 {
			line[i] = '?'
			clean = false
		}
	}
	if !clean && first && line[0] == '-' {
		line[0] = '?'
	}
	return line
}
