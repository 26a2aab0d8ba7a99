package admin

import (
	"fmt"
	"strconv"
	"time"

	"buzon/internal/cli"
	"buzon/internal/config"
)

// size reads octets as people write them: "2GB", "500 MB".
func size(s string) (int64, error) {
	octets, err := config.ParseSize(s)
	if err != nil {
		return 0, cli.Fail("error_size", "size", s)
	}
	return octets, nil
}

// humanSize writes octets for a person: three digits and a unit.
func humanSize(octets int64) string {
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

func count(n int64) string { return strconv.FormatInt(n, 10) }

// day writes a time as the local date, as everybody sorts it.
func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

// moment writes a time to the minute.
func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }
