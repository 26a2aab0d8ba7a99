package web

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// What one peer may cost. Nothing here is slow to make or long.
const (
	headerTime = 10 * time.Second // for a whole request
	idleTime   = 30 * time.Second // between requests
	writeTime  = 30 * time.Second // for an answer
	maxHeader  = 8 << 10          // octets of a request's header
)

// Server is a handler on its ports.
type Server struct {
	inner *http.Server
	tls   *tls.Config
	wrap  func(net.Listener) net.Listener
}

// NewServer makes one; config is nil where there is no TLS. wrap puts the caps on connections before it.
func NewServer(h http.Handler, log *slog.Logger, config *tls.Config, wrap func(net.Listener) net.Listener) *Server {
	return &Server{
		tls:  config,
		wrap: wrap,
		inner: &http.Server{
			Handler:     h,
			ReadTimeout: headerTime, ReadHeaderTimeout: headerTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
			MaxHeaderBytes: maxHeader,
			ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what strangers do wrong is not our concern
		},
	}
}

// Serve answers until Shutdown, which makes it return nil.
func (s *Server) Serve(l net.Listener, implicitTLS bool) error {
	l = s.wrap(l)
	if implicitTLS {
		l = tls.NewListener(l, s.tls)
	}
	if err := s.inner.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown lets requests in flight end until ctx is over.
func (s *Server) Shutdown(ctx context.Context) error {
	return errors.Join(s.inner.Shutdown(ctx), ignoreClosed(s.inner))
}

// ignoreClosed closes what is left.
func ignoreClosed(c io.Closer) error {
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
