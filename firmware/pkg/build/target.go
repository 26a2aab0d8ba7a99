// Package build makes the program for every machine that the packages are for: one static file each, without a C library,
// the same octets from the same tree.
package build

import "fmt"

// Target is a kind of machine, all of them with Linux.
type Target struct {
	Name    string // as in the names of files: "armv6"
	Arch    string // GOARCH
	Variant string // what else tells the compiler the processor: "GOARM=6"
	Docker  string // variant of the platform as images name it: "v6"
}

// Targets are all machines, in the order in which they are built. MIPS is none: SQLite's Go form is not made for it.
func Targets() []Target {
	return []Target{
		{Name: "amd64", Arch: "amd64"},
		{Name: "arm64", Arch: "arm64", Docker: "v8"},
		{Name: "armv7", Arch: "arm", Variant: "GOARM=7", Docker: "v7"},
		{Name: "armv6", Arch: "arm", Variant: "GOARM=6", Docker: "v6"},
		{Name: "armv5", Arch: "arm", Variant: "GOARM=5", Docker: "v5"},
		{Name: "386", Arch: "386"},
		{Name: "riscv64", Arch: "riscv64"},
	}
}

// Find gives the target of a name.
func Find(name string) (Target, error) {
	for _, t := range Targets() {
		if t.Name == name {
			return t, nil
		}
	}
	return Target{}, fmt.Errorf("no machine is called %q", name)
}

// Env is what tells the go command the target.
func (t Target) Env() []string {
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + t.Arch}
	if t.Variant != "" {
		env = append(env, t.Variant)
	}
	return env
}
