package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Loader is GRUB for a board, a file of Debian's package for it, and that package's version. It is taken from where the
// package has put it, else from a folder of ours that keeps what was fetched, else fetched by apt: into that folder, without
// a change to this computer's packages and without root.
func Loader(ctx context.Context, b Board) (path, version string, err error) {
	if b.IsPi() {
		return "", "", errors.New("image: a Raspberry Pi loads by itself")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", fmt.Errorf("image: loader: %w", err)
	}
	kept := filepath.Join(cache, "buzon-mkimage", b.loader)
	if path, version, err = keptLoader(kept, b); err == nil {
		return path, version, nil
	}
	if err := fetchLoader(ctx, kept, b); err != nil {
		return "", "", fmt.Errorf("image: loader: %w", err)
	}
	return keptLoader(kept, b)
}

const versionFile = "version"

func keptLoader(folder string, b Board) (path, version string, err error) {
	path = filepath.Join(folder, "usr/lib/grub", b.grub)
	if _, err := os.Stat(path); err != nil {
		return "", "", err
	}
	text, err := os.ReadFile(filepath.Join(folder, versionFile))
	return path, strings.TrimSpace(string(text)), err
}

// aptSettings is an apt of its own: with the sources and keys of this computer, for the board's architecture, in a folder.
const aptSettings = `Dir::State "%[1]s/state";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
APT::Architecture "%[2]s";
APT::Architectures { "%[2]s"; };
APT::Sandbox::User "";
Acquire::Languages "none";
`

// fetchLoader leaves the folder whole or not at all.
func fetchLoader(ctx context.Context, folder string, b Board) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(folder), "unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(work, sub), 0o755); err != nil {
			return err
		}
	}
	settings := filepath.Join(work, "apt.conf")
	if err := os.WriteFile(settings, fmt.Appendf(nil, aptSettings, work, b.Arch), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, "status"), nil, 0o644); err != nil {
		return err
	}
	run := func(args ...string) error {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir, cmd.Env = work, append(os.Environ(), "APT_CONFIG="+settings)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	if err := run("apt-get", "-qq", "update"); err != nil {
		return err
	}
	if err := run("apt-get", "-qq", "download", b.loader); err != nil {
		return err
	}
	return unpackLoader(run, work, folder, b)
}

func unpackLoader(run func(args ...string) error, work, folder string, b Board) error {
	debs, err := filepath.Glob(filepath.Join(work, b.loader+"_*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("apt fetched %d files: %w", len(debs), err)
	}
	if err := run("dpkg-deb", "-x", debs[0], "root"); err != nil {
		return err
	}
	_, version, _ := strings.Cut(filepath.Base(debs[0]), "_")
	version, _, _ = strings.Cut(version, "_")
	root := filepath.Join(work, "root")
	if err := os.WriteFile(filepath.Join(root, versionFile), []byte(version+"\n"), 0o644); err != nil {
		return err
	}
	err = os.Rename(root, folder)
	if errors.Is(err, os.ErrExist) { // somebody else was faster, or an earlier version had less in it
		err = errors.Join(os.RemoveAll(folder), os.Rename(root, folder))
	}
	return err
}
