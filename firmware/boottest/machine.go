// Package boottest starts machines in QEMU and talks to them: over the serial line, over forwarded ports, and over QEMU's
// own monitor. Only tests use it.
//
// Invariants: no machine outlives its test, nor the process of the tests, however that ends. One machine runs at a time on
// this computer, whatever packages are tested beside each other: two would only be slow. Nothing of this computer's network
// is reachable for a machine but through 10.0.2.2, which is this computer's loopback; and only loopback reaches the machine.
package boottest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Board is a kind of machine.
type Board string

// The boards that QEMU knows and Buzon has images for.
const (
	Virt Board = "virt"      // arm64 with virtio
	Pi3  Board = "raspi3b"   // Raspberry Pi 3 B; its image is a power of two in size
	PC   Board = "x86_64-pc" // amd64 with virtio
)

// Firmware is what starts a machine from its disk.
type Firmware string

// What a machine without a Kernel is started by.
const (
	EDK2  Firmware = "edk2"   // UEFI, on Virt and PC
	UBoot Firmware = "u-boot" // on Virt
)

// Machine describes one. Board, and either Kernel or Firmware are needed.
type Machine struct {
	Board    Board
	Firmware Firmware // starts the disk; "" when there is a Kernel
	Kernel   string   // file
	Initrd   string   // file; "" is none
	DTB      string   // file; "" is QEMU's own
	Append   string   // the kernel's command line, after the console that the board has
	Disk     string   // raw image, or a URL (nbd://…); "" is none
	Memory   int      // MiB; 0 is 512, and Pi3 always has 1024
	Clock    string   // at power-on, as "1970-01-01T00:00:00"; "" is right. Pi3 has none and takes no notice
	Ports    []int    // of the machine's TCP ports, those that are reached through Running.Address
	Extra    []string // more arguments for QEMU
	// Vars is where EDK2 keeps its variables between two starts of one disk; "" is a fresh copy each time.
	Vars string
}

// consoles are the serial lines of the boards, as their kernels call them.
func consoles() map[Board]string {
	return map[Board]string{Virt: "ttyAMA0", Pi3: "ttyAMA1", PC: "ttyS0"}
}

// program is the emulator of the board.
func (m *Machine) program() string {
	if m.Board == PC {
		return "qemu-system-x86_64"
	}
	return "qemu-system-aarch64"
}

// arguments are those of the emulator; folder is for what only this run needs.
func (m *Machine) arguments(folder string) ([]string, error) {
	args := []string{"-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
		"-qmp", "unix:" + filepath.Join(folder, "qmp") + ",server=on,wait=off"}
	args = append(args, m.board()...)
	start, err := m.start(folder)
	if err != nil {
		return nil, err
	}
	args = append(args, start...)
	args = append(args, m.disk()...)
	args = append(args, m.network()...)
	if m.Clock != "" && m.Board != Pi3 {
		args = append(args, "-rtc", "base="+m.Clock)
	}
	return append(args, m.Extra...), nil
}

func (m *Machine) board() []string {
	memory := m.Memory
	if memory == 0 {
		memory = 512
	}
	size := fmt.Sprint(memory)
	switch m.Board {
	case Pi3:
		// Until the kernel wants them the other three cores spin; each in a thread of its own, they would slow the first one down.
		return []string{"-M", "raspi3b", "-accel", "tcg,thread=single"}
	case PC:
		return []string{"-M", "q35", "-cpu", "max", "-smp", "2", "-m", size}
	default:
		return []string{"-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", size}
	}
}

// start is how the machine finds its system: a kernel that is given to it, or what its firmware finds on the disk.
func (m *Machine) start(folder string) ([]string, error) {
	if m.Kernel != "" {
		args := []string{"-kernel", m.Kernel, "-append", strings.TrimSpace("console=" + consoles()[m.Board] + " " + m.Append)}
		if m.Initrd != "" {
			args = append(args, "-initrd", m.Initrd)
		}
		if m.DTB != "" {
			args = append(args, "-dtb", m.DTB)
		}
		return args, nil
	}
	if m.Firmware == UBoot {
		return []string{"-bios", uBoot}, nil
	}
	vars := m.Vars
	if vars == "" {
		vars = filepath.Join(folder, "vars.fd")
	}
	code, empty := edk2(m.Board)
	if _, err := os.Stat(vars); os.IsNotExist(err) {
		b, err := os.ReadFile(empty)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(vars, b, 0o600); err != nil {
			return nil, err
		}
	}
	return []string{"-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + code,
		"-drive", "if=pflash,unit=1,format=raw,file=" + vars}, nil
}

// Where Debian's packages u-boot-qemu, qemu-efi-aarch64 and ovmf put them.
const uBoot = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"

func edk2(b Board) (code, vars string) {
	if b == PC {
		return "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
	}
	return "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"
}

// disk is the card. A file needs no real flushes: it is this computer's memory that keeps it when QEMU ends, however it
// does. A URL is somebody's experiment with them, and gets every one.
func (m *Machine) disk() []string {
	if m.Disk == "" {
		return nil
	}
	cache := "unsafe"
	if strings.Contains(m.Disk, "://") {
		cache = "none"
	}
	drive := "id=d0,format=raw,cache=" + cache + ",file=" + m.Disk
	if m.Board == Pi3 {
		return []string{"-drive", "if=sd," + drive}
	}
	return []string{"-drive", "if=none," + drive, "-device", "virtio-blk-pci,drive=d0"}
}

// network is one card, n0. QEMU chooses the ports of this computer, so that nobody takes one in between.
func (m *Machine) network() []string {
	var forwards strings.Builder
	for _, port := range m.Ports {
		fmt.Fprintf(&forwards, ",hostfwd=tcp:127.0.0.1:0-:%d", port)
	}
	card := "virtio-net-pci,id=nic0,netdev=n0,romfile="
	if m.Board == Pi3 {
		card = "usb-net,id=nic0,netdev=n0"
	}
	return []string{"-netdev", "user,id=n0" + forwards.String(), "-device", card}
}

// needs are the files without which the machine cannot be had here, and the Debian packages that bring them.
func (m *Machine) needs() map[string]string {
	needs := map[string]string{}
	if m.Kernel != "" {
		return needs
	}
	if m.Firmware == UBoot {
		needs[uBoot] = "u-boot-qemu"
		return needs
	}
	code, vars := edk2(m.Board)
	name := "qemu-efi-aarch64"
	if m.Board == PC {
		name = "ovmf"
	}
	needs[code], needs[vars] = name, name
	return needs
}
