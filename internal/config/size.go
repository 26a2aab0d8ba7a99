package config

import (
	"fmt"
	"strconv"
)

// ShowSize writes octets for a person: three digits and a unit. FormatSize is for what is read again.
func ShowSize(octets int64) string {
	const units = "KMGT"
	if octets < 1000 {
		return strconv.FormatInt(octets, 10) + " B"
	}
	value, unit := float64(octets), 0
	for value /= 1024; value >= 999.5 && unit < len(units)-1; value /= 1024 {
		unit++
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %cB", value, units[unit])
	}
	return fmt.Sprintf("%.0f %cB", value, units[unit])
}
