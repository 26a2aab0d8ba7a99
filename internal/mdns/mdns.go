package mdns

import (
	"context"
	"log/slog"
	"net/netip"
)

// Options of New.
type Options struct {
	Host string // the label that we want: "buzon"
	Port int    // of the page
	Addr func(netip.Addr) bool
	Log  *slog.Logger
	Named func(name string)
}

type Responder struct{ o Options }

func New(o Options) *Responder { return &Responder{o} }

func (r *Responder) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (r *Responder) Name() string { return r.o.Host + ".local" }
