package admin

import (
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

// humanSize writes octets for a person.
func humanSize(octets int64) string { return config.ShowSize(octets) }

func count(n int64) string { return strconv.FormatInt(n, 10) }

// day writes a time as the local date, as everybody sorts it.
func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

// moment writes a time to the minute.
func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }
