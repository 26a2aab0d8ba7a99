package page

import (
	"context"
	"time"
)

// timeoutOf is a context that is over with any of the two, or after d.
func timeoutOf(a, b context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(a, d)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() { stop(); cancel() }
}
