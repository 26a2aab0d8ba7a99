package admin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"buzon/internal/cli"
	"buzon/internal/dns"
	"buzon/internal/limit"
	"buzon/internal/outside"
)

type outsideCommand struct {
	Listen  string `help:"flag_outside_listen" default:":8025" placeholder:"word_address"`
	Private bool   `help:"flag_outside_private"`
}

// Connections of a checker at once. Each look is one, and they are short.
const (
	outsideConnections = 64
	outsidePerAddress  = 4
)

// Run is the outside eye until Ctrl-C. It needs no file.
func (cmd *outsideCommand) Run(ctx context.Context, d *Desk) error {
	log := d.Log("info")
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", cmd.Listen)
	if err != nil {
		return cli.PortProblem(err, "--listen")
	}
	caps := &limit.Conns{All: outsideConnections, PerAddress: outsidePerAddress}
	server := cmd.server(log)
	defer context.AfterFunc(ctx, func() { server.Close() })()
	d.Println("outside_ready", "address", l.Addr().String())
	if err := server.Serve(limit.Listener(l, caps, nil)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (cmd *outsideCommand) server(log *slog.Logger) *http.Server {
	eye := &outside.Server{Log: log, Now: time.Now}
	if cmd.Private {
		eye.Allow = func(a netip.Addr) bool { return dns.IsPublic(a) || a.IsPrivate() || a.IsLoopback() }
	}
	return &http.Server{
		Handler:           eye.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // of which a look takes the most
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
