package sending

import (
	"context"
	"errors"
	"net"

	"buzon/internal/dns"
)

// errNowhere is why nothing leaves.
var errNowhere = errors.New("this Buzon is only for looking at: nothing leaves this computer")

// Nowhere leaves nobody to send mail to: no domain exists, no connection is made. Whoever writes to the world gets an
// honest report that it failed.
func Nowhere(o *Options) {
	o.Resolver = dns.NewMap("")
	o.Probes = []string{}
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errNowhere }
	o.Fetch = func(context.Context, string) ([]byte, error) { return nil, errNowhere }
}
