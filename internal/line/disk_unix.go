//go:build unix

package line

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// lookAtDisk asks the kernel. A card that is worn out makes it switch to read-only, which shows when one wants to write.
func lookAtDisk(folder string) (space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return space{}, fmt.Errorf("look at the disk of %s: %w", folder, err)
	}
	unit := int64(st.Bsize)
	return space{
		free:     int64(st.Bavail) * unit,
		size:     int64(st.Blocks) * unit,
		readOnly: errors.Is(unix.Access(folder, unix.W_OK), unix.EROFS),
	}, nil
}
