package image

import (
	"buzon/firmware/internal/fat"
	"buzon/firmware/internal/slot"
)

// slotConfig is in each slot and tells how it starts, so that an update brings its own.
const slotConfig = "slot.cfg"

// grubConfig is what GRUB does. It finds the disk that it was loaded from, takes the slot on trial, if there is one, out of
// the notes before it starts it, and else the good one; where that cannot be read, the other. Whatever fails ends in the
// next start.
//
// A slot's own commands run with $disk, $part and $slot set, and do not come back if they work.
const grubConfig = `set timeout=0
insmod part_gpt
insmod fat
insmod regexp
regexp --set=1:disk '^\(([^,)]+)' "$cmdpath"
load_env --file ($disk,gpt1)` + slot.NotesPath + `
set slot=$good
if [ "$trial" = "a" -o "$trial" = "b" ]; then
  set try=$trial
  set trial=
  if save_env --file ($disk,gpt1)` + slot.NotesPath + ` trial; then set slot=$try; fi
fi
if [ "$slot" = "b" ]; then set order="b a"; else set order="a b"; fi
for slot in $order; do
  if [ "$slot" = "b" ]; then set part=gpt3; else set part=gpt2; fi
  if [ -f ($disk,$part)/` + slotConfig + ` ]; then
    source ($disk,$part)/` + slotConfig + `
  fi
done
echo "No system starts from this disk."
sleep 10
reboot
`

// grubSlot starts a kernel. Without a line for it the kernel would be silent where a machine has only a serial one; the last
// console is that of the first process.
func (o Options) grubSlot() string {
	consoles := "console=tty0 console=ttyS0,115200"
	if o.Board.Arch == "arm64" {
		consoles += " console=ttyAMA0,115200"
	}
	return `if linux ($disk,$part)/` + kernelName + ` ` + o.commandLine(consoles) + ` ` + slot.Argument + `$slot; then
  if initrd ($disk,$part)/` + initrdName + `; then boot; fi
fi
`
}

// efiBoot is the first partition beside the owner's folder. UEFI and U-Boot find the loader under the name that removable
// media have (UEFI 2.10 §3.5.1.1), so nothing has to be written into a machine's own memory.
func (o Options) efiBoot() ([]fat.File, error) {
	loader, err := onDisk("EFI/BOOT/"+o.Board.efi, o.Loader)
	if err != nil {
		return nil, err
	}
	return []fat.File{loader, fat.Text("boot/grub/grub.cfg", grubConfig), fat.Text(slot.NotesPath[1:], slot.Notes(slot.A))}, nil
}
