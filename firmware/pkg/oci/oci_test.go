package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/firmware/pkg/tree"
)

var when = time.Unix(1_790_000_000, 0).UTC()

// image is one of small programs.
func image(t *testing.T, targets ...string) Image {
	t.Helper()
	i := Image{Version: "1.2.3~rc1", Programs: map[string]string{}, When: when, Docs: []tree.Entry{tree.Text("THIRD-PARTY", "theirs\n")}}
	for _, target := range targets {
		path := filepath.Join(t.TempDir(), target)
		if err := os.WriteFile(path, []byte("program for "+target), 0o600); err != nil {
			t.Fatal(err)
		}
		i.Programs[target] = path
	}
	return i
}

func written(t *testing.T, i Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := i.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// files reads a tar archive.
func files(t *testing.T, r io.Reader) (contents map[string][]byte, headers map[string]*tar.Header) {
	t.Helper()
	contents, headers = map[string][]byte{}, map[string]*tar.Header{}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return contents, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if contents[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		headers[h.Name] = h
	}
}

// reader goes from one blob to the next as image-spec tells, and looks at digests and sizes on the way.
type reader struct {
	*testing.T
	files map[string][]byte
	seen  map[string]bool
}

func (r *reader) blob(d descriptor) []byte {
	r.Helper()
	name := "blobs/" + strings.Replace(d.Digest, ":", "/", 1)
	blob, there := r.files[name]
	if !there || int64(len(blob)) != d.Size || digest(blob) != d.Digest {
		r.Fatalf("%s: there: %v, %d octets of %s; want %+v", name, there, len(blob), digest(blob), d)
	}
	r.seen[name] = true
	return blob
}

func (r *reader) document(d descriptor, kind string, into any) {
	r.Helper()
	if d.Type != kind {
		r.Errorf("media type %s, want %s", d.Type, kind)
	}
	if err := json.Unmarshal(r.blob(d), into); err != nil {
		r.Fatal(err)
	}
}

// The layout is whole: every blob is reached, each has the digest and size that were told, and each machine is named.
func TestLayout(t *testing.T) {
	contents, _ := files(t, bytes.NewReader(written(t, image(t, "amd64", "arm64", "armv6"))))
	if string(contents["oci-layout"]) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout: %s", contents["oci-layout"])
	}
	r := &reader{t, contents, map[string]bool{}}
	var top, all index
	if err := json.Unmarshal(contents["index.json"], &top); err != nil || len(top.Manifests) != 1 || top.Version != 2 {
		t.Fatalf("index.json: %s, %v", contents["index.json"], err)
	}
	if tag := top.Manifests[0].Notes["org.opencontainers.image.ref.name"]; tag != "1.2.3-rc1" {
		t.Errorf("its tag is %s", tag)
	}
	r.document(top.Manifests[0], typeIndex, &all)
	var platforms []platform
	for _, d := range all.Manifests {
		platforms = append(platforms, *d.Platform)
		r.machine(d)
	}
	want := []platform{{"amd64", "linux", ""}, {"arm64", "linux", "v8"}, {"arm", "linux", "v6"}}
	if !slices.Equal(platforms, want) {
		t.Errorf("for %v, want %v", platforms, want)
	}
	for name := range contents {
		if strings.HasPrefix(name, "blobs/sha256/") && len(name) > len("blobs/sha256/") && !r.seen[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

// machine looks at the image of one machine.
func (r *reader) machine(d descriptor) {
	r.Helper()
	var m manifest
	r.document(d, typeManifest, &m)
	var c config
	r.document(m.Config, typeConfig, &c)
	if c.Arch != d.Platform.Arch || c.Variant != d.Platform.Variant || c.Root.Type != "layers" || len(c.Root.Layers) != len(m.Layers) {
		r.Errorf("config %+v for %+v", c, d.Platform)
	}
	if c.Run.User != "65532:65532" || c.Run.Entry[0] != "/usr/bin/buzon" || c.Run.Stop != "SIGTERM" {
		r.Errorf("run as %+v", c.Run)
	}
	for i, l := range m.Layers {
		z, err := gzip.NewReader(bytes.NewReader(r.blob(l)))
		if err != nil {
			r.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil || digest(plain) != c.Root.Layers[i] {
			r.Errorf("layer %d: %s, want %s, %v", i, digest(plain), c.Root.Layers[i], err)
		}
	}
}

// What is in the root: the program, authorities, a user, his volume; nothing that runs beside it.
func TestRoot(t *testing.T) {
	contents, headers := unpacked(t, written(t, image(t, "amd64")), "amd64")
	if string(contents["usr/bin/buzon"]) != "program for amd64" || headers["usr/bin/buzon"].Mode != 0o755 {
		t.Errorf("the program: %q, %+v", contents["usr/bin/buzon"], headers["usr/bin/buzon"])
	}
	if h := headers["var/lib/buzon/"]; h == nil || h.Uid != User || h.Gid != User || h.Mode != 0o700 {
		t.Errorf("the volume: %+v", h)
	}
	if !strings.Contains(string(contents["etc/ssl/certs/ca-certificates.crt"]), "BEGIN CERTIFICATE") || len(contents["usr/share/doc/buzon/THIRD-PARTY"]) == 0 {
		t.Error("no authorities or no licences")
	}
	for name, h := range headers {
		if h.Typeflag == tar.TypeReg && h.Mode&0o111 != 0 && name != "usr/bin/buzon" {
			t.Errorf("%s can be executed", name)
		}
	}
}

// unpacked is the root of an image for a machine, its layers on one another.
func unpacked(t *testing.T, archive []byte, arch string) (map[string][]byte, map[string]*tar.Header) {
	t.Helper()
	contents, _ := files(t, bytes.NewReader(archive))
	r := &reader{t, contents, map[string]bool{}}
	var top, all index
	if err := json.Unmarshal(contents["index.json"], &top); err != nil {
		t.Fatal(err)
	}
	r.document(top.Manifests[0], typeIndex, &all)
	root, headers := map[string][]byte{}, map[string]*tar.Header{}
	for _, d := range all.Manifests {
		if d.Platform.Arch != arch {
			continue
		}
		var m manifest
		r.document(d, typeManifest, &m)
		for _, l := range m.Layers {
			z, err := gzip.NewReader(bytes.NewReader(r.blob(l)))
			if err != nil {
				t.Fatal(err)
			}
			c, h := files(t, z)
			for name := range h {
				root[name], headers[name] = c[name], h[name]
			}
		}
	}
	return root, headers
}

func TestSameOctets(t *testing.T) {
	i := image(t, "amd64", "riscv64")
	if !bytes.Equal(written(t, i), written(t, i)) {
		t.Error("other octets the second time")
	}
}

func TestNoProgram(t *testing.T) {
	i := image(t, "amd64")
	i.Programs["amd64"] = "/nowhere/buzon"
	if err := i.Write(io.Discard); err == nil || !strings.Contains(err.Error(), "image for amd64") {
		t.Errorf("a program that is nowhere: %v", err)
	}
}
