package line

import (
	"buzon/internal/finding"
)

// What must be free. A message of the greatest size, its copy in the log of the file and what SQLite sorts have to fit.
const (
	diskFull  = 128 << 20 // octets; below it mail may be refused
	diskSmall = 1 << 30   // below it somebody should make room
	diskShare = 10        // or below one part in so many
)

// space is what a file system has.
type space struct {
	free, size int64 // octets; free is for us, not for root
	readOnly   bool
}

// Disk tells whether mail has room in the folder of the one file.
func Disk(folder string) finding.Finding {
	s, err := lookAtDisk(folder)
	if err != nil {
		return finding.NotKnown(say("line_disk_unknown", "err", err.Error()), say("line_cure_disk_look"))
	}
	return s.judge()
}

func (s space) judge() finding.Finding {
	switch {
	case s.readOnly:
		return finding.Failed(say("line_disk_read_only"), say("line_cure_read_only"))
	case s.free < diskFull:
		return finding.Failed(say("line_disk_full", "free", megabytes(s.free)), say("line_cure_disk"))
	case s.free < diskSmall && s.free < s.size/diskShare:
		return finding.Warned(say("line_disk_small", "free", megabytes(s.free)), say("line_cure_disk"))
	}
	return finding.Passed(say("line_disk_room"))
}

// megabytes rounds down to tens, so that the sentence is not another one every day.
func megabytes(n int64) string { return number(int(n>>20)/10*10) + " MB" }
