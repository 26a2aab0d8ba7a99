// Package image makes the images that are written to a card or disk, and the updates for them: kernel, initrd with the first
// process and Buzon, the boards' own boot code or GRUB, an empty data partition.
//
// Four partitions, numbered as in package disk: FAT32 "BUZON" with what the board starts first and the folder buzon/ for the
// owner; slots A and B, FAT32 with a whole system each, of which an image fills the first; ext4 for the data, small, and
// grown to the card at the first start. A Raspberry Pi has them in an MBR, others in a GPT.
//
// How a slot is chosen, tried once, and given up by itself (package slot has the other end of both):
//
//   - A Raspberry Pi reads autoboot.txt; `tryboot` is its own way to try a partition once.
//   - For the rest GRUB is the only part between firmware and kernel. UEFI starts it on PCs and on arm64, and so does U-Boot,
//     whose EFI part is in every board's; so one image and one mechanism serve both. It keeps 1024 octets of notes, in which
//     it crosses the trial out before it starts it. systemd-boot starts only what is on its own partition, which a slot
//     could then not be, and needs a firmware that renames files; U-Boot's does not. U-Boot's environment is each board's
//     own. EFI's variable BootNext would need an entry in every machine's memory, and U-Boot forgets it. kexec would need no
//     loader's help, but tries a kernel without the firmware that it must live with afterwards.
//
// The first partition is not part of an update: it is what brings a machine back, so nothing but a computer replaces it.
//
// Invariants: the same options give the same octets, of the image and of the update: no time, no randomness, no order of a
// map goes in. Nothing is in memory whole but a table of clusters. The boot code of the Raspberry Pi goes into its image
// alone, as its licence wants.
package image
