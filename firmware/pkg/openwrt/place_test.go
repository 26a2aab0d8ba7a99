package openwrt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where mail may be kept, by the table of mounts and what the owner has set. A want with a space is a reason to refuse.
func TestPlace(t *testing.T) {
	r := newRouter(t, "")
	r.copy(t, "files/place", "lib/place")
	if err := os.Symlink("/overlay/upper", filepath.Join(r.root, "mnt/link")); err != nil {
		t.Fatal(err)
	}
	const (
		own    = "router's own flash"
		memory = "it is memory"
	)
	for _, tt := range []struct{ name, mounts, data, force, want string }{
		// Nothing set: the first disk that will do.
		{name: "no disk", mounts: flash, want: "no disk for the mail"},
		{name: "a disk", mounts: disk, want: "/mnt/sda1/buzon"},
		{name: "a stick as it is sold, then a disk", mounts: flash + "/dev/sda1 /mnt/sda1 vfat rw 0 0\n/dev/sdb1 /mnt/sdb1 f2fs rw 0 0\n", want: "/mnt/sdb1/buzon"},
		{name: "only a stick as it is sold", mounts: flash + "/dev/sda1 /mnt/sda1 exfat rw 0 0\n", want: "no disk for the mail"},
		{name: "flash that is mounted below /mnt", mounts: flash + "/dev/mtdblock6 /mnt/spare jffs2 rw 0 0\n", want: "no disk for the mail"},
		{name: "forced, but nobody has said where", mounts: flash, force: "1", want: "no disk for the mail"},

		// Set by the owner.
		{name: "on the disk", mounts: disk, data: "/mnt/sda1/mail", want: "/mnt/sda1/mail"},
		{name: "deep on the disk, not there yet", mounts: disk, data: "/mnt/sda1/a/b/c", want: "/mnt/sda1/a/b/c"},
		{name: "a disk that is not mounted now", mounts: flash, data: "/mnt/sda1/mail", want: own},
		{name: "the name of a disk is the beginning of it", mounts: disk, data: "/mnt/sda10/mail", want: own},
		{name: "overlay on UBI", mounts: flash, data: "/srv/mail", want: own},
		{name: "overlay on JFFS2", mounts: strings.ReplaceAll(flash, "/dev/ubi0_1 /overlay ubifs", "/dev/mtdblock4 /overlay jffs2"), data: "/srv/mail", want: own},
		{name: "overlay on a disk (extroot)", mounts: strings.ReplaceAll(flash, "/dev/ubi0_1 /overlay ubifs", "/dev/sda1 /overlay ext4"), data: "/srv/mail", want: "/srv/mail"},
		{name: "overlay on the file system of a PC's disk", mounts: strings.ReplaceAll(flash, "/dev/ubi0_1 /overlay ubifs", "/dev/loop0 /overlay f2fs"), data: "/srv/mail", want: "/srv/mail"},
		{name: "overlay on memory, at the first start", mounts: strings.ReplaceAll(flash, "upperdir=/overlay/upper", "upperdir=/tmp/root/upper"), data: "/srv/mail", want: memory},
		{name: "overlay on who knows", mounts: "overlayfs:/x / overlay rw 0 0\n", data: "/srv/mail", want: "on something unknown"},
		{name: "flash with ext4 on it", mounts: "/dev/mtdblock3 / ext4 rw 0 0\n", data: "/srv/mail", want: own},
		{name: "memory", mounts: disk, data: "/tmp/mail", want: memory},
		{name: "a link to the flash", mounts: disk, data: "/mnt/link/mail", want: own},
		{name: "FAT", mounts: flash + "/dev/sda1 /mnt/sda1 vfat rw 0 0\n", data: "/mnt/sda1/mail", want: "format it as ext4"},
		{name: "another machine", mounts: flash + "nas:/v /mnt/nas nfs4 rw 0 0\n", data: "/mnt/nas/mail", want: "another machine"},
		{name: "unheard of", mounts: flash + "/dev/sda1 /mnt/sda1 zonefs rw 0 0\n", data: "/mnt/sda1/mail", want: "nobody knows its file system (zonefs)"},
		{name: "covered by a later mount", mounts: disk + "tmpfs /mnt/sda1 tmpfs rw 0 0\n", data: "/mnt/sda1/mail", want: memory},
		{name: "the root of a PC", mounts: "/dev/sda2 / ext4 rw 0 0\n", data: "/srv/mail", want: "/srv/mail"},

		// Forced.
		{name: "forced onto the flash", mounts: flash, data: "/srv/mail", force: "1", want: "/srv/mail"},

		// Not a folder.
		{name: "relative", mounts: disk, data: "mail", force: "1", want: "is no folder from the root"},
		{name: "a command in it", mounts: disk, data: "/mnt/sda1/$(reboot)", force: "1", want: "letters, digits"},
		{name: "a space in it", mounts: disk, data: "/mnt/sda1/my mail", force: "1", want: "letters, digits"},
	} {
		r.put(t, "proc/mounts", tt.mounts)
		out, err := r.try(t, "/bin/sh", "-c", `. /lib/place; choose "$1" "$2"`, "sh", tt.data, tt.force)
		if refused := strings.Contains(tt.want, " "); refused != (err != nil) {
			t.Errorf("%s: %v: %s", tt.name, err, out)
		} else if refused && !strings.Contains(out, tt.want) || !refused && out != tt.want+"\n" {
			t.Errorf("%s: %q, want %q", tt.name, out, tt.want)
		}
	}
}
