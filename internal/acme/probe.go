package acme

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	wire "golang.org/x/crypto/acme"
)

// probeTime is how long we may take to answer ourselves.
const probeTime = 4 * time.Second

// ways are those that may work, the likeliest first. Whether we reach ourselves is a hint and no more: most routers do
// not lead out and in again (hairpin), and some answer in our place.
func (m *Manager) ways(ctx context.Context, s Settings, names []string) []Way {
	if s.Way != Auto {
		return []Way{s.Way}
	}
	var proved, hoped []Way
	for _, way := range []Way{HTTP, TLSALPN} {
		if len(names) == 0 { // none leads here
			break
		}
		if err := m.probe(ctx, way, names[0]); err != nil {
			m.Log.Debug("do not reach ourselves", "way", way, "name", names[0], "err", err)
			hoped = append(hoped, way)
		} else {
			proved = append(proved, way)
		}
	}
	if s.Write != nil || s.Manual { // whoever set it up means it, but a person's work comes last
		if s.Manual {
			return slices.Concat(proved, hoped, []Way{DNS})
		}
		proved = append(proved, DNS)
	}
	return append(proved, hoped...)
}

// probe asks ourselves the way the authority would.
func (m *Manager) probe(ctx context.Context, way Way, name string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	token := rand.Text()
	if way == HTTP {
		return m.probeHTTP(ctx, name, challengePath+token, token)
	}
	return m.probeTLS(ctx, name, token)
}

// maxProbe is enough for our own answer. It may be a stranger who answers.
const maxProbe = 4 << 10 // octets

func (m *Manager) probeHTTP(ctx context.Context, name, path, want string) error {
	defer m.Answers.put(path, want)()
	c, err := m.Dial(ctx, "tcp", net.JoinHostPort(name, "80"))
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+name+path, nil)
	if err != nil {
		return err
	}
	r.Close = true
	if err := r.Write(c); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, maxProbe)), r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != want {
		return fmt.Errorf("somebody else answers: %s, %w", res.Status, err)
	}
	return nil
}

func (m *Manager) probeTLS(ctx context.Context, name, token string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert, err := (&wire.Client{Key: key}).TLSALPN01ChallengeCert(token, name)
	if err != nil {
		return err
	}
	defer m.Answers.putCert(name, &cert)()
	c, err := m.Dial(ctx, "tcp", net.JoinHostPort(name, "443"))
	if err != nil {
		return err
	}
	defer c.Close()
	// Whose certificate it is we see for ourselves.
	conn := tls.Client(c, &tls.Config{ServerName: name, NextProtos: []string{ALPN}, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != ALPN || !slices.Equal(state.PeerCertificates[0].Raw, cert.Certificate[0]) {
		return errors.New("somebody else answers")
	}
	return nil
}
