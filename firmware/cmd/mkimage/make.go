package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"buzon/firmware/image"
	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/licence"
	"buzon/firmware/pkg/sums"
	"buzon/internal/store"
)

// system builds the programs into a folder, and finds all that is made elsewhere.
func (o options) system(ctx context.Context, folder string) (image.Options, error) {
	s := image.Options{Board: o.board, Version: o.version, Data: store.Form(), Restore: o.data, Size: o.size, Append: o.append}
	var err error
	if s.Key, err = o.publicKey(); err != nil {
		return s, err
	}
	if o.init == "" {
		o.init = filepath.Join(o.root, "firmware", "init")
	}
	if s.Buzon, err = o.program(ctx, o.root, filepath.Join(folder, "buzon")); err != nil {
		return s, err
	}
	if s.Init, err = o.program(ctx, o.init, filepath.Join(folder, "init")); err != nil {
		return s, err
	}
	return s, o.parts(ctx, &s)
}

func (o options) target() (build.Target, error) { return build.Find(o.board.Arch) }

func (o options) program(ctx context.Context, source, out string) (string, error) {
	target, err := o.target()
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(out, 0o700); err != nil {
		return "", err
	}
	b := build.Builder{Root: source, Out: out, Version: o.version}
	return b.Program(ctx, target)
}

// parts are kernel, boot code and licences.
func (o options) parts(ctx context.Context, s *image.Options) error {
	var err error
	if s.Kernel, err = moduleFolder(ctx, o.root, o.board.Kernel()); err != nil {
		return err
	}
	grub := "that whoever made this chose"
	switch {
	case o.board.IsPi():
		if s.Pi, err = moduleFolder(ctx, o.root, image.PiModule); err != nil {
			return err
		}
	case o.loader != "":
		s.Loader = o.loader
	default:
		if s.Loader, grub, err = image.Loader(ctx, o.board); err != nil {
			return err
		}
	}
	if s.Notices, err = image.SystemNotices(*s, grub); err != nil {
		return err
	}
	linked, err := o.linked(ctx)
	s.Notices = append(s.Notices, linked)
	return err
}

// linked are the licences of what is in the two programs.
func (o options) linked(ctx context.Context) (image.Notice, error) {
	target, err := o.target()
	if err != nil {
		return image.Notice{}, err
	}
	var all [][]licence.Module
	for _, folder := range []string{o.root, o.init} {
		if folder == "" {
			folder = filepath.Join(o.root, "firmware", "init")
		}
		modules, err := licence.Collect(ctx, folder, target.Env(), ".")
		if err != nil {
			return image.Notice{}, err
		}
		all = append(all, modules)
	}
	return image.Notice{Name: licence.Name + ".txt", Text: licence.Write(licence.Merge(all...))}, nil
}

// moduleFolder is where the go command keeps a module that firmware/go.mod names.
func moduleFolder(ctx context.Context, root, module string) (string, error) {
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = filepath.Join(root, "firmware")
		var complaint strings.Builder
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &complaint)
		}
		return strings.TrimSpace(string(out)), nil
	}
	if _, err := run("mod", "download", module); err != nil {
		return "", err
	}
	return run("list", "-m", "-f", "{{.Dir}}", module)
}

// image makes the image.
func (o options) image(ctx context.Context, s image.Options) error {
	if strings.HasSuffix(o.out, ".gz") {
		return whole(o.out, func(to *os.File) error { return o.compressed(ctx, to, s) })
	}
	return whole(o.out, func(to *os.File) error { return image.Build(ctx, to, s) })
}

func (o options) compressed(ctx context.Context, to io.Writer, s image.Options) error {
	raw, err := os.CreateTemp("", "mkimage")
	if err != nil {
		return err
	}
	defer os.Remove(raw.Name())
	defer raw.Close()
	if err := image.Build(ctx, raw, s); err != nil {
		return err
	}
	if _, err := raw.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return image.Compress(ctx, to, raw)
}

func (o options) makeUpdate(ctx context.Context, s image.Options) error {
	secret, err := sums.Key(o.sign, password)
	if err != nil {
		return err
	}
	return whole(o.update, func(to *os.File) error { return image.BuildUpdate(ctx, to, s, secret) })
}

// whole makes a file that appears under its name once it is whole, and tells.
func whole(path string, content func(*os.File) error) error {
	unfinished := path + ".unfinished"
	f, err := os.Create(unfinished)
	if err != nil {
		return err
	}
	defer os.Remove(unfinished) // gone when all went well
	if err := errors.Join(content(f), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Printf("%10d  %s\n", info.Size(), path)
	return nil
}
