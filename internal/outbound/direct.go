package outbound

import (
	"context"
	"net/netip"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
)

// delivery is what one attempt knows of a domain.
type delivery struct {
	domain string // A-labels
	mx     mxList
	sts    stsState
}

// openDirect goes to the domain's own servers, in the order of their preference, until one speaks with us.
func (s *Sender) openDirect(ctx context.Context, domain string) (*Session, error) {
	if addr, ok := literalAddr(domain); ok {
		return s.openLiteral(ctx, domain, addr)
	}
	d, err := s.survey(ctx, domain)
	if err != nil {
		return nil, err
	}
	var failed *Error
	for _, host := range d.mx.hosts {
		x, err := s.openHost(ctx, d, host)
		if err == nil {
			return x, nil
		}
		failed = moreTelling(failed, failure(host, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// survey looks up all that concerns the domain as a whole.
func (s *Sender) survey(ctx context.Context, domain string) (*delivery, error) {
	ascii, err := asciiName(domain)
	if err != nil {
		return nil, explain(errBadName, err)
	}
	d := &delivery{domain: ascii}
	if d.mx, err = s.lookupMX(ctx, ascii); err != nil {
		return nil, err
	}
	if d.sts, err = s.lookupSTS(ctx, ascii); err != nil {
		return nil, err
	}
	if d.sts.failure != "" {
		s.count(ctx, d, tlsPolicy{kind: reportSTS}, attempt{result: d.sts.failure, detail: d.sts.detail})
	}
	return d, nil
}

// openHost tries the addresses of one host. One that breaks the domain's MTA-STS policy is not even asked.
func (s *Sender) openHost(ctx context.Context, d *delivery, host string) (*Session, error) {
	t, err := s.target(ctx, d, host)
	if err != nil {
		return nil, err
	}
	if t.kind == reportSTS && !t.sts.Allows(host) { // RFC 8461 §4.1, §5
		s.count(ctx, d, t.tlsPolicy, attempt{host: host, result: resultValidation, detail: errNotAllowed.Error()})
		if t.must {
			return nil, tlsRefused(host, errNotAllowed)
		}
		t.tlsPolicy = tlsPolicy{kind: reportNone, names: t.names}
	}
	return s.openAddresses(ctx, d, t)
}

func (s *Sender) openAddresses(ctx context.Context, d *delivery, t target) (*Session, error) {
	var failed *Error
	for _, addr := range t.addrs {
		x, err := s.openAddress(ctx, d, t, addr)
		if err == nil {
			return x, nil
		}
		failed = moreTelling(failed, failure(t.host, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// openLiteral goes to user@[192.0.2.1]: no DNS, no policy.
func (s *Sender) openLiteral(ctx context.Context, domain string, addr netip.Addr) (*Session, error) {
	if s.here(addr) {
		return nil, errLoop
	}
	t := target{host: domain, addrs: []netip.Addr{addr}, tlsPolicy: tlsPolicy{kind: reportNone, names: []string{addr.String()}}}
	return s.openAddresses(ctx, &delivery{domain: domain}, t)
}

// openAddress speaks with one server until it is as safe as it must be.
func (s *Sender) openAddress(ctx context.Context, d *delivery, t target, addr netip.Addr) (*Session, error) {
	client, err := s.greet(ctx, t.host, addr, "25")
	if err != nil {
		return nil, err
	}
	x := &Session{client: client, host: t.host}
	x.learn = func(ctx context.Context, replies []message.Reply) { s.learnReplies(ctx, d.domain, replies) }
	return s.secure(ctx, d, t, addr, x)
}

// secure is STARTTLS, and what follows where there is none.
func (s *Sender) secure(ctx context.Context, d *delivery, t target, addr netip.Addr, x *Session) (*Session, error) {
	var err error
	try := attempt{host: t.host, peer: addr}
	if x.client.Extensions().StartTLS {
		var found verdict
		err = x.client.StartTLS(ctx, s.tlsConfig(t, &found))
		try.note(t.tlsPolicy, found, err)
		if err == nil {
			x.level, x.safe = found.level, d.proves(t.host, found.level)
			s.count(ctx, d, t.tlsPolicy, try)
			s.keepLevel(ctx, d.domain, found.level)
			return x, nil
		}
		x.Close() // a failed handshake leaves nothing to talk over
		if ctx.Err() != nil {
			return nil, unreachable(t.host, err) // we stopped; it says nothing about the server
		}
	} else {
		try.result, err = resultNoSTARTTLS, errNoSTARTTLS
	}
	s.count(ctx, d, t.tlsPolicy, try)
	return s.plain(ctx, d, t, addr, x, err)
}

// plain is what is left without TLS: a failure where policy or memory forbid it. It takes over x, whose connection is
// opened anew where a handshake broke it.
func (s *Sender) plain(
	ctx context.Context, d *delivery, t target, addr netip.Addr, x *Session, cause error,
) (*Session, error) {
	if t.must {
		x.Close()
		return nil, tlsRefused(t.host, cause)
	}
	if err := s.mayBePlain(ctx, d.domain, t.host); err != nil {
		x.Close()
		return nil, err
	}
	if !x.client.Usable() {
		s.log().Info("STARTTLS failed, sending in plain text", "domain", d.domain, "mx", t.host, "err", cause)
		var err error
		if x.client, err = s.greet(ctx, t.host, addr, "25"); err != nil {
			return nil, err
		}
	}
	s.keepLevel(ctx, d.domain, NoTLS)
	return x, nil
}

// greet connects and exchanges greetings.
func (s *Sender) greet(ctx context.Context, host string, addr netip.Addr, port string) (*smtpclient.Client, error) {
	conn, err := s.connect(ctx, addr, port)
	if err != nil {
		return nil, unreachable(host, err)
	}
	client, err := smtpclient.New(ctx, conn, host, s.clientOptions(ctx))
	if err != nil {
		return nil, spoken(host, err)
	}
	return client, nil
}

func (s *Sender) clientOptions(ctx context.Context) smtpclient.Options {
	return smtpclient.Options{Hello: s.helloName(ctx), Timeouts: s.SMTP, Dir: s.Dir}
}

// proves tells whether the level shows that the server is the one the domain meant (RFC 8689 §4.2.1): a certificate alone
// does only when nobody could have invented the host that it names.
func (d *delivery) proves(host string, level TLSLevel) bool {
	return level >= STS || level == Verified && (d.mx.authentic || under(host, d.domain))
}
