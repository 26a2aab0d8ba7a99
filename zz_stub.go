package main

import (
	"context"
	"net"
)

type stubIMAP struct{ done chan struct{} }

func newIMAP(a *appliance) server { return stubIMAP{make(chan struct{})} }

func (s stubIMAP) Serve(l net.Listener, implicitTLS bool) error { <-s.done; return l.Close() }
func (s stubIMAP) Shutdown(context.Context) error               { close(s.done); return nil }
