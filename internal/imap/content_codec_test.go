package imap

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"buzon/internal/uidset"
)

// readFrom makes a decoder that reads what a client sent.
func readFrom(s string) *decoder {
	var out bytes.Buffer
	d := &decoder{
		r:      bufio.NewReader(strings.NewReader(s)),
		enc:    &encoder{w: bufio.NewWriter(&out)},
		limits: decodeLimits{line: 64 << 10, literals: 64 << 10, nonSync: 4096, drain: 1 << 20},
	}
	d.reset()
	return d
}

// viewOf is a session with a mailbox of these UIDs selected and nothing behind it.
func viewOf(uids uidset.Set) *session {
	s := &session{server: &Server{}, ctx: context.Background(), log: slog.New(slog.DiscardHandler)}
	s.view = uids
	return s
}

func uids(list ...uint32) uidset.Set {
	var b uidset.Builder
	for _, u := range list {
		b.Add(u)
	}
	return b.Set()
}

func setText(s uidset.Set) string { return string(appendSet(nil, s)) }

// reply is what f writes through an encoder.
func reply(t *testing.T, s *session, f func() error) string {
	t.Helper()
	var out bytes.Buffer
	s.enc = &encoder{w: bufio.NewWriter(&out), utf8: s.enabled.UTF8}
	if err := f(); err != nil {
		t.Fatal(err)
	}
	if err := s.enc.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// oddUIDs is n UIDs of which no two are neighbours.
func oddUIDs(n int) uidset.Set {
	var b uidset.Builder
	for i := range n {
		b.Add(uint32(2*i + 1))
	}
	return b.Set()
}
