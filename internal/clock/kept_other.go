//go:build !linux

package clock

// kept: other systems are computers with a clock, and have a service that keeps it right.
func kept() bool { return true }
