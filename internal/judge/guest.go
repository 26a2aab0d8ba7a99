package judge

import (
	"context"
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
		Early:  func() string { return line(s.Early()) },
		Said:   func(code int) string { return line(s.Said(code)) },
		Closed: s.Close,
	}
	if guest.Refuse = line(s.Connect()); guest.Refuse == "" {
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

// line is a reply as smtpconn wants it; "" for none.
func line(r *message.Reply) string {
	if r == nil {
		return ""
	}
	return r.Error()
}
