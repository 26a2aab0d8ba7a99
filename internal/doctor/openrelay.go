package doctor

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/textproto"
	"time"

	"buzon/internal/finding"
)

// relayTime is for the whole dialog with our own port 25.
const relayTime = 15 * time.Second

// stranger is a domain that is nobody's (RFC 2606 §3), so that a server that takes the mail sends it nowhere.
const stranger = "example.com"

// checkOpenRelay tries to send mail from strangers to strangers through our own port 25. Nothing is sent: the dialog ends
// after the recipients.
func checkOpenRelay(ctx context.Context, e *exam, _ string) (Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, relayTime)
	defer cancel()
	conn, err := e.Here(ctx, "tcp", e.ports.at(25))
	if err != nil {
		return finding.NotKnown(finding.Say("doctor_open_relay_silent"), finding.Say("doctor_cure_serve")), nil
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	taken, err := tryStrangers(conn, e.mainHost())
	switch {
	case err != nil:
		return finding.NotKnown(finding.Say("doctor_open_relay_unclear", "err", err.Error()), finding.Say("doctor_cure_again")), nil
	case taken != "":
		return finding.Failed(finding.Say("doctor_open_relay_open", "recipient", taken), finding.Say("doctor_cure_open_relay")), nil
	}
	return finding.Passed(finding.Say("doctor_open_relay_closed")), nil
}

// senders and recipients are the tricks by which servers were made relays. A recipient at a domain of ours is not among
// them: who takes all mail of its domain takes that one too, and sends it nowhere.
func senders() []string {
	return []string{"<relay-test@" + stranger + ">", "<>"}
}

func recipients(host string) []string {
	list := []string{
		"<nobody@" + stranger + ">",
		"<nobody%" + stranger + "@[127.0.0.1]>",
		`<"nobody@` + stranger + `"@[127.0.0.1]>`,
	}
	if host != "" {
		list = append(list, "<@"+host+":nobody@"+stranger+">") // RFC 5321 appendix C: a source route
	}
	return list
}

// tryStrangers gives the recipient that was taken, or "". A sender who is refused has no recipients.
func tryStrangers(conn net.Conn, host string) (taken string, err error) {
	c := textproto.NewConn(struct {
		io.Reader
		io.Writer
		io.Closer
	}{bufio.NewReader(io.LimitReader(conn, 64<<10)), conn, conn})
	if _, _, err := c.ReadResponse(220); err != nil {
		return "", err
	}
	if _, err := command(c, 250, "EHLO "+stranger); err != nil {
		return "", err
	}
	for _, from := range senders() {
		code, err := command(c, 0, "MAIL FROM:"+from)
		if err != nil {
			return "", err
		}
		if code/100 != 2 {
			continue
		}
		for _, to := range recipients(host) {
			code, err := command(c, 0, "RCPT TO:"+to)
			if err != nil {
				return "", err
			}
			if code/100 == 2 {
				_, _ = command(c, 0, "QUIT")
				return to, nil
			}
		}
		if _, err := command(c, 250, "RSET"); err != nil {
			return "", err
		}
	}
	_, _ = command(c, 0, "QUIT") // a courtesy; the answer is known
	return "", nil
}

// command sends one and gives the code of its reply; want 0 takes any.
func command(c *textproto.Conn, want int, text string) (int, error) {
	if err := c.PrintfLine("%s", text); err != nil {
		return 0, err
	}
	code, _, err := c.ReadResponse(want)
	return code, err
}
