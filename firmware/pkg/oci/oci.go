// Package oci writes a container image without a daemon: an OCI image layout (image-spec v1.1) in a tar archive, for all
// machines, which podman, skopeo, docker (25 or later) and containerd load.
//
// In it is the program, the authorities it believes, and no shell. It runs as a user without rights on a root that may be
// read-only; all that changes is in the volume /var/lib/buzon.
package oci

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/roots"
	"buzon/firmware/pkg/tree"
)

// Media types (image-spec, media-types.md).
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// User is who runs it, as on our own boards.
const User = 65532

const volume = "/var/lib/buzon"

// Image is what goes into one.
type Image struct {
	Version  string
	Programs map[string]string // path of the program, by names of build.Targets
	Docs     []tree.Entry
	When     time.Time
}

// Name of its file.
func (i Image) Name() string { return fmt.Sprintf("buzon_%s_oci.tar", i.Version) }

// layout is a folder of blobs that grows.
type layout struct {
	blobs map[string][]byte
	when  time.Time
}

// Write makes the image.
func (i Image) Write(w io.Writer) error {
	l := &layout{blobs: map[string][]byte{}, when: i.When}
	base, err := i.base()
	if err != nil {
		return err
	}
	shared, err := l.layer(base)
	if err != nil {
		return err
	}
	var manifests []descriptor
	for _, t := range build.Targets() {
		program, wanted := i.Programs[t.Name]
		if !wanted {
			continue
		}
		manifest, err := i.manifest(l, t, program, shared)
		if err != nil {
			return fmt.Errorf("image for %s: %w", t.Name, err)
		}
		manifests = append(manifests, manifest)
	}
	all, err := l.put(typeIndex, index{Version: 2, Type: typeIndex, Manifests: manifests, Notes: i.notes()})
	if err != nil {
		return err
	}
	// podman and docker tag what they load by this note; index.json itself may name other things.
	all.Notes = map[string]string{"org.opencontainers.image.ref.name": i.tag(), "io.containerd.image.name": "localhost/buzon:" + i.tag()}
	return l.write(w, index{Version: 2, Type: typeIndex, Manifests: []descriptor{all}})
}

// tag is the version as the names of images may have it: no "~" and no "+" (distribution-spec, pull).
func (i Image) tag() string { return strings.NewReplacer("~", "-", "+", "-").Replace(i.Version) }

func (i Image) notes() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":   "Buzon",
		"org.opencontainers.image.version": i.Version,
		"org.opencontainers.image.created": i.When.UTC().Format(time.RFC3339),
	}
}

// base is what is the same for all machines.
func (i Image) base() ([]tree.Entry, error) {
	authorities, err := roots.PEM()
	if err != nil {
		return nil, err
	}
	return append([]tree.Entry{
		{Path: roots.Path, Mode: 0o644, Data: authorities},
		tree.Text("etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/nologin\nbuzon:x:%d:%d:Buzon:%s:/nologin\n", User, User, volume)),
		tree.Text("etc/group", fmt.Sprintf("root:x:0:\nbuzon:x:%d:\n", User)),
		tree.Folder("tmp", 0o777|fs.ModeSticky), // the runtime may put a file system there; Buzon has no need of it
		{Path: strings.TrimPrefix(volume, "/"), Mode: 0o700 | fs.ModeDir, Owner: User},
	}, tree.Under("usr/share/doc/buzon", i.Docs)...), nil
}

// manifest is the image for one machine.
func (i Image) manifest(l *layout, t build.Target, program string, shared layer) (descriptor, error) {
	own, err := l.layer([]tree.Entry{tree.Program("usr/bin/buzon", program)})
	if err != nil {
		return descriptor{}, err
	}
	c := config{Created: i.When.UTC(), Arch: t.Arch, Variant: t.Docker, System: "linux", Run: i.settings()}
	c.Root.Type = "layers"
	c.Root.Layers = []string{shared.plain, own.plain}
	c.History = []history{{c.Created, "mkpkg: authorities, user"}, {c.Created, "mkpkg: buzon"}}
	what, err := l.put(typeConfig, c)
	if err != nil {
		return descriptor{}, err
	}
	m, err := l.put(typeManifest, manifest{Version: 2, Type: typeManifest, Config: what, Layers: []descriptor{shared.descriptor, own.descriptor}})
	m.Platform = &platform{Arch: t.Arch, System: "linux", Variant: t.Docker}
	return m, err
}

// settings are how it is run.
func (i Image) settings() settings {
	ports := map[string]struct{}{}
	for _, p := range []int{25, 80, 110, 143, 443, 465, 587, 993, 995, 2525} {
		ports[fmt.Sprintf("%d/tcp", p)] = struct{}{}
	}
	return settings{
		User: fmt.Sprintf("%d:%d", User, User), Ports: ports, Env: []string{"HOME=" + volume},
		Entry: []string{"/usr/bin/buzon"}, Command: []string{"serve"}, Folder: volume,
		Volumes: map[string]struct{}{volume: {}}, Stop: "SIGTERM", Labels: i.notes(),
	}
}

// layer puts a layer among the blobs.
func (l *layout) layer(entries []tree.Entry) (layer, error) {
	var plain, packed bytes.Buffer
	if err := tree.Tar(&plain, "", entries, l.when); err != nil {
		return layer{}, err
	}
	err := tree.Gzip(&packed, func(w io.Writer) error {
		_, err := w.Write(plain.Bytes())
		return err
	})
	if err != nil {
		return layer{}, err
	}
	return layer{l.add(typeLayer, packed.Bytes()), digest(plain.Bytes())}, nil
}

func (l *layout) put(kind string, what any) (descriptor, error) {
	text, err := json.Marshal(what)
	if err != nil {
		return descriptor{}, err
	}
	return l.add(kind, text), nil
}

func (l *layout) add(kind string, blob []byte) descriptor {
	d := descriptor{Type: kind, Digest: digest(blob), Size: int64(len(blob))}
	l.blobs[d.Digest] = blob
	return d
}

func digest(blob []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(blob)) }

// write is the archive (image-spec, image-layout.md).
func (l *layout) write(w io.Writer, top index) error {
	text, err := json.Marshal(top)
	if err != nil {
		return err
	}
	entries := []tree.Entry{
		tree.Text("oci-layout", `{"imageLayoutVersion":"1.0.0"}`), tree.Text("index.json", string(text)),
	}
	for digest, blob := range l.blobs {
		hex := strings.TrimPrefix(digest, "sha256:")
		entries = append(entries, tree.Entry{Path: path.Join("blobs/sha256", hex), Mode: 0o644, Data: blob})
	}
	return tree.Tar(w, "", entries, l.when)
}
