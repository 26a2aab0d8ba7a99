package main

import (
	"context"
	"errors"
	"log/slog"
)

// both is two handlers, each with a level of its own.
type both [2]slog.Handler

func (h both) Enabled(ctx context.Context, l slog.Level) bool {
	return h[0].Enabled(ctx, l) || h[1].Enabled(ctx, l)
}

func (h both) Handle(ctx context.Context, r slog.Record) error {
	var errs [2]error
	for i, one := range h {
		if one.Enabled(ctx, r.Level) {
			errs[i] = one.Handle(ctx, r)
		}
	}
	return errors.Join(errs[:]...)
}

func (h both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{h[0].WithAttrs(attrs), h[1].WithAttrs(attrs)}
}

func (h both) WithGroup(name string) slog.Handler {
	return both{h[0].WithGroup(name), h[1].WithGroup(name)}
}
