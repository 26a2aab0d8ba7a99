package claim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// FileName is where the code stands beside the data of a box without an owner. What starts us on a board shows it to
// whoever takes the card out.
const FileName = "claim.txt"

// Write puts a code into the file at path, which its owner alone may read, or removes the file where code is "". Nobody
// sees half of it.
func Write(path, code string) error {
	if code == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("claim file: %w", err)
		}
		return nil
	}
	unfinished := path + ".new"
	os.Remove(unfinished) // of a process that was killed; WriteFile would keep its mode
	if err := os.WriteFile(unfinished, []byte(code+"\n"), 0o600); err != nil {
		return fmt.Errorf("claim file: %w", err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("claim file: %w", err)
	}
	return nil
}
