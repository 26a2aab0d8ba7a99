package main

import (
	"context"
	"io"
	"os"
	"slices"
	"time"

	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/deb"
	"buzon/firmware/pkg/licence"
	"buzon/firmware/pkg/oci"
	"buzon/firmware/pkg/openwrt"
	"buzon/firmware/pkg/static"
	"buzon/firmware/pkg/tree"
)

// maker makes packages one after the other; what several need is made once.
type maker struct {
	options
	builder *build.Builder
	docs    []tree.Entry
	when    time.Time
	made    []string // names of files in out
}

func newMaker(ctx context.Context, o options, when time.Time) (*maker, error) {
	m := &maker{options: o, when: when}
	var err error
	if m.docs, err = m.licences(ctx); err != nil {
		return nil, err
	}
	programs, err := os.MkdirTemp("", "buzon-programs-")
	if err != nil {
		return nil, err
	}
	m.builder = &build.Builder{Root: o.root, Out: programs, Version: o.version}
	return m, nil
}

func (m *maker) close() { os.RemoveAll(m.builder.Out) }

// licences are those of what is linked for any machine: one file for all.
func (m *maker) licences(ctx context.Context) ([]tree.Entry, error) {
	var all [][]licence.Module
	for _, t := range build.Targets() {
		modules, err := licence.Collect(ctx, m.root, t.Env(), ".")
		if err != nil {
			return nil, err
		}
		all = append(all, modules)
	}
	return []tree.Entry{{Path: licence.Name, Mode: 0o644, Data: licence.Write(licence.Merge(all...))}}, nil
}

// all makes what is wanted.
func (m *maker) all(ctx context.Context) error {
	for _, kind := range kinds() {
		if !slices.Contains(m.only, kind) {
			continue
		}
		make := map[string]func(context.Context) error{
			"deb": m.debs, "ipk": m.ipks, "openwrt": m.archives, "oci": m.image, "static": m.statics,
		}[kind]
		if err := make(ctx); err != nil {
			return err
		}
	}
	return m.write(licence.Name, func(w io.Writer) error {
		_, err := w.Write(m.docs[0].Data)
		return err
	})
}

// program builds for a machine, if it is wanted.
func (m *maker) program(ctx context.Context, target string) (path string, wanted bool, err error) {
	if !slices.Contains(m.targets, target) {
		return "", false, nil
	}
	t, err := build.Find(target)
	if err != nil {
		return "", false, err
	}
	path, err = m.builder.Program(ctx, t)
	return path, true, err
}

func (m *maker) debs(ctx context.Context) error {
	for _, a := range deb.Arches() {
		program, wanted, err := m.program(ctx, a.Target)
		if err != nil || !wanted {
			if err != nil {
				return err
			}
			continue
		}
		p := deb.Package{Arch: a.Name, Version: m.version, Program: program, Docs: m.docs, When: m.when}
		if err := m.write(p.Name(), p.Write); err != nil {
			return err
		}
	}
	return nil
}

// router is the packages of one machine.
func (m *maker) router(ctx context.Context, target string) (*openwrt.Package, error) {
	program, wanted, err := m.program(ctx, target)
	if err != nil || !wanted {
		return nil, err
	}
	return &openwrt.Package{Version: m.version, Program: program, Docs: m.docs, When: m.when}, nil
}

func (m *maker) ipks(ctx context.Context) error {
	for _, target := range openwrt.Targets() {
		p, err := m.router(ctx, target)
		if err != nil {
			return err
		}
		for _, a := range openwrt.Arches() {
			if p == nil || a.Target != target {
				continue
			}
			if err := m.write(p.IPK(a), func(w io.Writer) error { return p.WriteIPK(w, a) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) archives(ctx context.Context) error {
	for _, target := range openwrt.Targets() {
		p, err := m.router(ctx, target)
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		if err := m.write(p.Archive(target), func(w io.Writer) error { return p.WriteArchive(w, target) }); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) image(ctx context.Context) error {
	programs := map[string]string{}
	for _, t := range m.targets {
		program, _, err := m.program(ctx, t)
		if err != nil {
			return err
		}
		programs[t] = program
	}
	i := oci.Image{Version: m.version, Programs: programs, Docs: m.docs, When: m.when}
	return m.write(i.Name(), i.Write)
}

func (m *maker) statics(ctx context.Context) error {
	for _, t := range m.targets {
		program, _, err := m.program(ctx, t)
		if err != nil {
			return err
		}
		p := static.Package{Target: t, Version: m.version, Program: program, Docs: m.docs, When: m.when}
		if err := m.write(p.Name(), p.Write); err != nil {
			return err
		}
	}
	return nil
}
