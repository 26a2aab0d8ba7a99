// Package listen opens the sockets.
package listen

import (
	"context"
	"net"
)

type Spec struct {
	Name string // "smtp", "imaps"
	Port int
}
type Listener struct {
	Spec
	net.Listener
}

func Open(ctx context.Context, addr string, specs []Spec) ([]Listener, error) { panic("stub") }
func Notify(state string) error                                               { panic("stub") }
