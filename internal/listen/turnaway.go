package listen

import (
	"context"
	"errors"
	"net"
	"sync"
)

// TurnAway ends connections to services that are not open yet although systemd listens for them, at once and without a
// word, until ctx is over: they would wait for a greeting that does not come. Where systemd has no socket of a service
// there is nothing to do, as the kernel turns away then.
func (s *Sockets) TurnAway(ctx context.Context, specs []Spec) error {
	var all []Listener
	for _, spec := range specs {
		if len(s.found[spec]) == 0 {
			continue
		}
		opened, err := s.open(ctx, "", spec)
		all = append(all, opened...)
		if err != nil {
			closeAll(all)
			return err
		}
	}
	ended := context.AfterFunc(ctx, func() { closeAll(all) })
	defer ended()
	failed := make([]error, len(all))
	var turning sync.WaitGroup
	for i, l := range all {
		turning.Go(func() { failed[i] = turnAway(l) })
	}
	turning.Wait()
	return errors.Join(failed...)
}

// turnAway lasts until l is closed. Any other error is told: accepting would fail on and on.
func turnAway(l net.Listener) error {
	defer l.Close()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		conn.Close()
	}
}
