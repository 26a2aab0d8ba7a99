package image

import (
	"path/filepath"
	"slices"
	"strings"

	"buzon/firmware/internal/fat"
	"buzon/firmware/internal/slot"
)

// A Raspberry Pi loads by itself. Models 4 and 5 have the code in their EEPROM; 3 and Zero 2 W get bootcode.bin, which is in
// the first partition as well because their ROM looks nowhere else.

const piConfig = `# Buzon. What is here is replaced by the next update.
arm_64bit=1
kernel=vmlinuz
initramfs initrd.gz followkernel
enable_uart=1
gpu_mem=16
disable_splash=1
`

// piOne is config.txt of the first partition: the code of a Raspberry Pi 3 reads it before it looks for autoboot.txt.
const piOne = `# Buzon. Which slot starts is said in autoboot.txt.
`

// The kernel starts init and, when it cannot go on, the whole machine after ten seconds.
const restart = "rdinit=/init panic=10 oops=panic quiet"

// commandLine is that of the kernel.
func (o Options) commandLine(consoles string) string {
	return strings.TrimSpace(consoles + " " + restart + " " + o.Append)
}

const piConsoles = "console=tty1 console=serial0,115200"

// piBoot is the first partition beside the owner's folder.
func (o Options) piBoot() ([]fat.File, error) {
	code, err := onDisk("bootcode.bin", filepath.Join(o.Pi, "bootcode.bin"))
	if err != nil {
		return nil, err
	}
	return []fat.File{code, fat.Text("config.txt", piOne), fat.Text(slot.AutobootName, slot.Autoboot(slot.A))}, nil
}

// piSlot is what a slot has beside kernel and initrd.
func (o Options) piSlot() ([]fat.File, error) {
	files := []fat.File{fat.Text("config.txt", piConfig), fat.Text("cmdline.txt", o.commandLine(piConsoles)+"\n")}
	for folder, patterns := range map[string][]string{
		o.Pi: {"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat"},
		o.Kernel: {"bcm2710-rpi-3*.dtb", "bcm2710-rpi-zero-2*.dtb", "bcm2710-rpi-cm3.dtb", "bcm2711-*.dtb", "bcm2712*.dtb",
			"overlays/overlay_map.dtb", "overlays/disable-bt.dtbo", "overlays/bcm2712d0.dtbo", "overlays/vc4-kms-v3d.dtbo"},
	} {
		for _, pattern := range patterns {
			found, err := filepath.Glob(filepath.Join(folder, pattern))
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				found = []string{filepath.Join(folder, pattern)} // onDisk tells that it is missing
			}
			for _, path := range slices.Sorted(slices.Values(found)) {
				name, err := filepath.Rel(folder, path)
				if err != nil {
					return nil, err
				}
				f, err := onDisk(filepath.ToSlash(name), path)
				if err != nil {
					return nil, err
				}
				files = append(files, f)
			}
		}
	}
	return files, nil
}
