package clock

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Servers are those asked by default: of four who keep them for everybody, so that no one of them decides.
func Servers() []string {
	return []string{"time.cloudflare.com:123", "time.google.com:123", "time.apple.com:123", "ptbtime1.ptb.de:123"}
}

// serverTime is how long all of them together may take.
const serverTime = 4 * time.Second

// packet is the length of an NTP packet without extensions, in octets (RFC 5905 §7.3).
const packet = 48

// askServer measures how far our clock is from a server's.
func (c *Clock) askServer(ctx context.Context, server string) (time.Duration, error) {
	conn, err := c.Dial(ctx, "udp", server)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	request := make([]byte, packet)
	request[0] = 4<<3 | 3 // version 4, client
	// Our transmit time is a random number: it only has to come back, and a forger would have to guess it.
	if _, err := rand.Read(request[40:]); err != nil {
		return 0, err
	}
	sent := c.System()
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	answer := make([]byte, 512)
	n, err := conn.Read(answer)
	if err != nil {
		return 0, err
	}
	trip := c.System().Sub(sent)
	told, err := parseAnswer(answer[:n], [8]byte(request[40:]), c.Floor)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", server, err)
	}
	// The answer was under way for half of the time, more or less; nothing here needs to know it better.
	return told.Add(trip / 2).Sub(sent.Add(trip).Round(0)), nil
}

// maxRoot is how far a server may be from a true clock, in units of 2^-16 s (RFC 5905 §7.3).
const maxRoot = 5 << 16

// maxAge is how long after Floor it may be: no program runs longer without an update that raises Floor.
const maxAge = 20 * 365 * 24 * time.Hour

// parseAnswer reads what a server says, with the checks of RFC 4330 §5.
func parseAnswer(b []byte, nonce [8]byte, floor time.Time) (time.Time, error) {
	if len(b) < packet {
		return time.Time{}, errors.New("the answer is too short")
	}
	leap, mode, stratum := b[0]>>6, b[0]&7, b[1]
	delay, dispersion := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	transmit := binary.BigEndian.Uint64(b[40:])
	switch {
	case mode != 4:
		return time.Time{}, errors.New("that is no server's answer")
	case [8]byte(b[24:32]) != nonce:
		return time.Time{}, errors.New("the answer is not to our question")
	case stratum == 0: // kiss of death, RFC 5905 §7.4
		return time.Time{}, fmt.Errorf("the server does not want to answer: %q", b[12:16])
	case leap == 3 || stratum > 15 || transmit == 0:
		return time.Time{}, errors.New("the server does not know the time itself")
	case delay > maxRoot || dispersion > maxRoot:
		return time.Time{}, errors.New("the server is too far from a true clock")
	}
	t := fromNTP(transmit, floor)
	if t.Before(floor) || t.After(floor.Add(maxAge)) {
		return time.Time{}, fmt.Errorf("%v cannot be", t)
	}
	return t, nil
}

// fromNTP is a timestamp's time, in the era in which floor or what follows it lies: the seconds of an era end in 2036
// (RFC 5905 §6).
func fromNTP(stamp uint64, floor time.Time) time.Time {
	const era = 1 << 32                                         // seconds
	first := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).Unix() // of era 0
	seconds := int64(stamp>>32) + first
	for seconds < floor.Unix()-1 {
		seconds += era
	}
	return time.Unix(seconds, int64(stamp&(1<<32-1)*1e9>>32))
}
