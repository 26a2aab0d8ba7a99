package openwrt

// Arch is an architecture of OpenWrt's packages.
type Arch struct {
	Name   string // OpenWrt's: "aarch64_cortex-a53"
	Target string // of build.Targets
}

// Arches are those that the program runs on: OpenWrt 21.02 to 24.10 have packages for each of them. MIPS is none of them, see
// build.Targets, and neither is arm_fa526 (ARMv4). Go's ARMv7 needs a floating point unit (VFPv3), its ARMv6 one (VFPv2); where
// the name has none, the program for ARMv5 does without.
func Arches() []Arch {
	return []Arch{
		{"aarch64_cortex-a53", "arm64"},
		{"aarch64_cortex-a72", "arm64"},
		{"aarch64_cortex-a76", "arm64"},
		{"aarch64_generic", "arm64"},
		{"arm_arm1176jzf-s_vfp", "armv6"},
		{"arm_arm926ej-s", "armv5"},
		{"arm_cortex-a15_neon-vfpv4", "armv7"},
		{"arm_cortex-a5_vfpv4", "armv7"},
		{"arm_cortex-a7", "armv5"},
		{"arm_cortex-a7_neon-vfpv4", "armv7"},
		{"arm_cortex-a7_vfpv4", "armv7"},
		{"arm_cortex-a8_vfpv3", "armv7"},
		{"arm_cortex-a9", "armv5"},
		{"arm_cortex-a9_neon", "armv7"},
		{"arm_cortex-a9_vfpv3-d16", "armv7"},
		{"arm_xscale", "armv5"},
		{"i386_pentium4", "386"},
		{"riscv64_riscv64", "riscv64"},
		{"x86_64", "amd64"},
	}
}

// Targets are the machines that some router is, each once.
func Targets() []string {
	var all []string
	seen := map[string]bool{}
	for _, a := range Arches() {
		if !seen[a.Target] {
			seen[a.Target] = true
			all = append(all, a.Target)
		}
	}
	return all
}
