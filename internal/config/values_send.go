package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxDuration keeps times that are counted from it within what SQL and people handle.
const maxDuration = maxDays * day

const day = 24 * time.Hour

// durationUnits are the units in which a time is printed, the largest first.
func durationUnits() []durationUnit {
	return []durationUnit{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
}

type durationUnit struct {
	name   string
	length time.Duration
}

// ParseDuration reads a time with its unit: "4h", "5 days", "90 minutos". There
// is none but 0 without a unit: people would take 30 for minutes or for days.
func ParseDuration(text string) (time.Duration, error) {
	number, unit := splitUnit(text)
	length, ok := durationScale(unit)
	if !ok {
		return 0, fmt.Errorf("%q is no unit of time; use m, h or d", unit)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err != nil || n < 0 || n > int64(maxDuration/time.Second):
		return 0, errors.New("it must be a time such as 30m, 4h or 5d")
	case n == 0:
		return 0, nil
	case length == 0:
		return 0, errors.New("it needs a unit: 30m, 4h or 5d")
	case n > int64(maxDuration/length):
		return 0, fmt.Errorf("it must be at most %d days", maxDays)
	}
	return time.Duration(n) * length, nil
}

// durationScale is how long the unit is that a person wrote, 0 for none.
func durationScale(unit string) (length time.Duration, ok bool) {
	switch unit {
	case "":
		return 0, true
	case "s", "sec", "second", "seconds", "segundo", "segundos":
		return time.Second, true
	case "m", "min", "minute", "minutes", "minuto", "minutos":
		return time.Minute, true
	case "h", "hour", "hours", "hora", "horas":
		return time.Hour, true
	case "d", "day", "days", "día", "días", "dia", "dias":
		return day, true
	}
	return 0, false
}

// FormatDuration is the inverse of ParseDuration: the largest unit that loses
// nothing; below a second it rounds down.
func FormatDuration(d time.Duration) string {
	for _, u := range durationUnits() {
		if d != 0 && d%u.length == 0 {
			return strconv.FormatInt(int64(d/u.length), 10) + u.name
		}
	}
	if d = d.Truncate(time.Second); d != 0 {
		return FormatDuration(d)
	}
	return "0"
}

// maxNumber is far above every limit that makes sense.
const maxNumber = 1_000_000

func parseNumber(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > maxNumber {
		return 0, fmt.Errorf("it must be a number from 0 to %d", maxNumber)
	}
	return n, nil
}

// parseAddr reads an IP address that a connection can go out from.
func parseAddr(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "" {
		return "", nil
	}
	a, err := netip.ParseAddr(unbracket(text))
	if err != nil || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" {
		return "", errors.New("it must be an address of this machine such as 192.0.2.1 or 2001:db8::1")
	}
	return a.Unmap().String(), nil
}

// dnsPort is what a resolver without a port means (RFC 1035 §4.2).
const dnsPort = 53

// parseResolver reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53".
func parseResolver(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "" {
		return "", nil
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		var alone netip.Addr
		alone, err = netip.ParseAddr(unbracket(text))
		a = netip.AddrPortFrom(alone, dnsPort)
	}
	if err != nil || a.Port() == 0 || strings.ContainsAny(a.Addr().Zone(), "[]:% ") { // netip takes any octets for a zone
		return "", errors.New("it must be an address such as 192.0.2.1 or 192.0.2.1:53")
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String(), nil
}

// unbracket takes away the brackets in which IPv6 addresses stand beside a port.
func unbracket(text string) string {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return inner
		}
	}
	return text
}
