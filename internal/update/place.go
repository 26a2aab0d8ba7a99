package update

import (
	"os"
	"path/filepath"
)

// Kind is how a Buzon came here, which decides who brings its next version.
type Kind string

// The kinds.
const (
	Image     Kind = "image"     // ours, whole: Client.Apply
	Debian    Kind = "debian"    // a .deb: apt
	OpenWrt   Kind = "openwrt"   // a package or archive of OpenWrt
	Container Kind = "container" // an OCI image
	Static    Kind = "static"    // a file that somebody put here
)

// Place is where this Buzon lives.
type Place struct {
	Kind   Kind
	Client Client // on an Image
}

// Here looks around.
func Here() Place {
	return look(os.Getenv, func(pattern string) bool {
		found, err := filepath.Glob(pattern)
		return err == nil && len(found) > 0
	})
}

func look(getenv func(string) string, there func(pattern string) bool) Place {
	if socket := getenv(ControlEnv); socket != "" {
		return Place{Kind: Image, Client: Client{Socket: socket}}
	}
	for _, sign := range []struct {
		pattern string
		kind    Kind
	}{
		{"/etc/openwrt_release", OpenWrt},
		{"/.dockerenv", Container},
		{"/run/.containerenv", Container}, // podman
		{"/var/lib/dpkg/info/buzon.list", Debian},
	} {
		if there(sign.pattern) {
			return Place{Kind: sign.kind}
		}
	}
	return Place{Kind: Static}
}
