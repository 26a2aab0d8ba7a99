// Package firmware is images for boards and packages for routers and Raspberry Pi OS. It is a module of its own, so that
// kernels and image tools never burden Buzon's.
package firmware

import (
	_ "buzon/internal/store"

	_ "github.com/diskfs/go-diskfs"
	_ "github.com/gokrazy/firmware"
	_ "github.com/gokrazy/kernel.amd64"
	_ "github.com/gokrazy/kernel.arm64"
	_ "github.com/gokrazy/kernel.rpi"
)
