package admin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"buzon/internal/cli"
	"buzon/internal/store"
)

// Each error that a person can do something about is said in their words; others stay as they are.
func TestFileProblem(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "home.db")
	locked := filepath.Join(folder, "locked.db")
	if err := os.WriteFile(locked, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	other := errors.New("disk on fire")
	for _, tt := range []struct {
		name, path string
		err        error
		key        string // "" is err itself
	}{
		{"no folder", filepath.Join(folder, "none", "home.db"), other, "error_no_folder"},
		{"newer", file, fmt.Errorf("open: %w", store.ErrNewer), "error_newer"},
		{"of somebody else", file, fmt.Errorf("open: %w", store.ErrNotBuzon), "error_not_buzon"},
		{"not ours to write", locked, other, "error_permission"},
		{"anything else", file, other, ""},
		{"none", filepath.Join(folder, "none", "home.db"), nil, ""},
	} {
		if tt.key == "error_permission" && os.Getuid() == 0 {
			continue // root may write everything
		}
		got := FileProblem(tt.err, tt.path)
		var problem *cli.Problem
		if errors.As(got, &problem) {
			if problem.Key != tt.key {
				t.Errorf("%s: %s", tt.name, problem.Key)
			}
		} else if got != tt.err || tt.key != "" {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
