package judge

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"buzon/internal/gate"
	"buzon/internal/message"
	"buzon/internal/smtpconn"
)

// Guest puts the gate before a connection: who may be greeted, after what time, and when it was enough. The session is
// found again as the connection's Value.
func Guest(ctx context.Context, g *gate.Gate, c *smtpconn.Conn) smtpconn.Guest {
	s := g.NewSession(ctx, c.Addr(), address(c.LocalAddr()))
	c.Value = s
	guest := smtpconn.Guest{
		Early:  func() string { return Line(s.Early()) },
		Said:   func(code int) string { return Line(s.Said(code)) },
		Closed: s.Close,
	}
	if guest.Refuse = Line(s.Connect()); guest.Refuse == "" {
		guest.Wait = s.GreetWait()
	}
	return guest
}

func address(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}

// Line is a reply as one line without its end; "" for none.
func Line(r *message.Reply) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%d %d.%d.%d %s", r.Code, r.Enhanced[0], r.Enhanced[1], r.Enhanced[2], r.Text)
}
