package dnsupdate

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// Key is a shared secret of TSIG (RFC 8945).
type Key struct {
	Algorithm string // as in a TSIG record: "hmac-sha256."
	Name      string // with its final dot
	Secret    string // base64
}

// ParseKey reads "[hmac-sha256:]name:secret", which is how nsupdate has it.
func ParseKey(text string) (Key, error) {
	parts := strings.Split(strings.TrimSpace(text), ":")
	if len(parts) == 2 {
		parts = append([]string{"hmac-sha256"}, parts...)
	}
	if len(parts) != 3 || parts[1] == "" {
		return Key{}, errors.New("the key must be [hmac-sha256:]name:secret")
	}
	k := Key{Algorithm: wire.CanonicalName(parts[0]), Name: wire.CanonicalName(parts[1]), Secret: parts[2]}
	if !slices.Contains([]string{wire.HmacSHA224, wire.HmacSHA256, wire.HmacSHA384, wire.HmacSHA512}, k.Algorithm) {
		return Key{}, fmt.Errorf("%q is no algorithm of TSIG that can be used", parts[0])
	}
	if _, err := base64.StdEncoding.DecodeString(k.Secret); err != nil || k.Secret == "" {
		return Key{}, errors.New("the secret of the key must be base64")
	}
	if _, ok := wire.IsDomainName(k.Name); !ok || strings.ContainsFunc(k.Name, notInName) {
		return Key{}, errors.New("the key's name is no name")
	}
	return k, nil
}

// notInName are the characters that would have to be escaped: nobody calls a key so.
func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
}

// fudge is by how many seconds the server's clock may differ (RFC 8945 §10 recommends it).
const fudge = 300

// RFC2136 sends updates to server (host:port), signed with key. now is for the signature.
func RFC2136(server string, key Key, dial func(ctx context.Context, network, address string) (net.Conn, error), now func() time.Time) Writer {
	u := &updater{server: server, key: key, dial: dial, now: now}
	return u.write
}

type updater struct {
	server string
	key    Key
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	now    func() time.Time
}

func (u *updater) write(ctx context.Context, c Change) error {
	name := wire.CanonicalName(c.Name)
	zone, err := u.zone(ctx, name)
	if err != nil {
		return err
	}
	m := new(wire.Msg).SetUpdate(zone)
	record := &wire.TXT{Hdr: wire.RR_Header{Name: name, Rrtype: wire.TypeTXT, Class: wire.ClassINET, Ttl: ttl}, Txt: []string{c.Text}}
	if c.Remove {
		m.Remove([]wire.RR{record}) // RFC 2136 §2.5.4: this one, not the others of the name
	} else {
		m.Insert([]wire.RR{record})
	}
	_, err = u.exchange(ctx, m)
	return err
}

// zone finds the zone of a name: the SOA is in the answer, or beside it where the name is not its apex.
func (u *updater) zone(ctx context.Context, name string) (string, error) {
	for at := name; at != ""; at = parent(at) {
		r, err := u.exchange(ctx, new(wire.Msg).SetQuestion(at, wire.TypeSOA))
		if err != nil {
			if errors.Is(err, errNoName) {
				continue
			}
			return "", err
		}
		for _, rr := range slices.Concat(r.Answer, r.Ns) {
			if soa, ok := rr.(*wire.SOA); ok && wire.IsSubDomain(soa.Hdr.Name, name) {
				return soa.Hdr.Name, nil
			}
		}
	}
	return "", fmt.Errorf("%s is not of a zone that %s keeps", name, u.server)
}

// parent is a name without its first label, "" above the root.
func parent(name string) string {
	if i, end := wire.NextLabel(name, 0); !end {
		return name[i:]
	}
	return ""
}

var (
	errNoName = errors.New("no such name")
	errTruth  = errors.New("the server's answer is not signed with our key")
)

// exchange is one question over TCP: an update and its signature may be too large for a datagram, and a lost answer
// would leave us in doubt. Every answer must be signed as the question is.
func (u *updater) exchange(ctx context.Context, m *wire.Msg) (*wire.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raw, err := u.dial(ctx, "tcp", u.server)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	conn := &wire.Conn{Conn: raw, TsigSecret: map[string]string{u.key.Name: u.key.Secret}}
	m.SetTsig(u.key.Name, u.key.Algorithm, fudge, u.now().Unix())
	if err := conn.WriteMsg(m); err != nil {
		return nil, err
	}
	r, err := conn.ReadMsg() // checks the signature, where there is one
	if r != nil && (r.Rcode == wire.RcodeNotAuth || r.Rcode == wire.RcodeRefused) {
		return nil, fmt.Errorf("%s says %s%s", u.server, wire.RcodeToString[r.Rcode], tsigWords(r))
	}
	if err != nil {
		return nil, err
	}
	return r, u.judge(m, r)
}

// judge tells what an answer means.
func (u *updater) judge(m, r *wire.Msg) error {
	switch {
	case r.Id != m.Id || !r.Response:
		return errors.New("that is no answer to our question")
	case r.IsTsig() == nil:
		return errTruth
	case r.Rcode == wire.RcodeNameError:
		return errNoName
	case r.Rcode != wire.RcodeSuccess:
		return fmt.Errorf("%s says %s", u.server, wire.RcodeToString[r.Rcode])
	}
	return nil
}

// tsigWords is why the server did not like the signature: the key is wrong, or a clock.
func tsigWords(r *wire.Msg) string {
	if t := r.IsTsig(); t != nil && t.Error != wire.RcodeSuccess {
		return " (" + wire.RcodeToString[int(t.Error)] + ")"
	}
	return ""
}
