package pop3

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
)

// world is a Backend in memory: ana@example.test with the password "two words" and whatever mail a test gives her.
type world struct {
	mu      sync.Mutex
	locked  bool
	mail    map[uint32][]byte
	fetched []uint32
	events  []uint32 // removed by others, not yet told
	fail    error    // of Update
	halfway bool     // bodies vanish after some octets
}

func newWorld(mail ...string) *world {
	w := &world{mail: make(map[uint32][]byte)}
	for i, m := range mail {
		w.mail[uint32(10*(i+1))] = []byte(m)
	}
	return w
}

func (w *world) Mechanisms(p Peer) []string {
	if !p.Secure() {
		return nil
	}
	return []string{"PLAIN"}
}

func (w *world) Authenticate(ctx context.Context, p Peer, _ string, done func(Account)) (sasl.Server, error) {
	return sasl.NewPlainServer(func(identity, user, password string) error {
		if identity == "broken" {
			return fmt.Errorf("%w: identity", ErrExchange)
		}
		a, err := w.Login(ctx, p, user, password)
		if err == nil {
			done(a)
		}
		return err
	}), nil
}

func (w *world) Login(_ context.Context, _ Peer, user, password string) (Account, error) {
	switch {
	case user == "broken":
		return nil, errors.New("disk on fire at /secret/path")
	case user != "ana@example.test" || password != "two words":
		return nil, fmt.Errorf("%w: %s", ErrCredentials, user)
	}
	return w, nil
}

func (w *world) Name() string { return "ana@example.test" }

func (w *world) Open(context.Context) (Maildrop, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.locked {
		return nil, ErrInUse
	}
	w.locked = true
	return w, nil
}

func (w *world) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.locked = false
}

func (w *world) Validity() uint32 { return 7 }

func (w *world) List(context.Context) ([]Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Message
	for uid, m := range w.mail {
		list = append(list, Message{Body: int64(uid), UID: uid, Size: uint32(len(m))})
	}
	slices.SortFunc(list, func(a, b Message) int { return int(a.UID) - int(b.UID) })
	return list, nil
}

// remove is another program's doing.
func (w *world) remove(uid uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.mail, uid)
	w.events = append(w.events, uid)
}

func (w *world) Vanished(context.Context) (iter.Seq[uint32], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return slices.Values(events), nil
}

func (w *world) Body(_ context.Context, m Message) (Body, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	data, ok := w.mail[m.UID]
	if !ok {
		return nil, ErrGone
	}
	return body{data, w.halfway}, nil
}

func (w *world) Update(_ context.Context, fetched, deleted iter.Seq[uint32]) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	w.fetched = slices.AppendSeq(w.fetched, fetched)
	for uid := range deleted {
		delete(w.mail, uid)
	}
	return nil
}

// uids is what is in the maildrop.
func (w *world) uids() []uint32 {
	list, _ := w.List(context.Background())
	var uids []uint32
	for _, m := range list {
		uids = append(uids, m.UID)
	}
	return uids
}

type body struct {
	data    []byte
	halfway bool
}

func (b body) WriteTo(w io.Writer) (int64, error) {
	if b.halfway {
		n, _ := w.Write(b.data[:len(b.data)/2])
		return int64(n), ErrGone
	}
	return bytes.NewReader(b.data).WriteTo(w)
}

func (body) Release() {}

// serve runs a server for a test and gives its address. Peers come from far away when far.
func serve(t testing.TB, w Backend, far bool, change ...func(*Options)) (*Server, string) {
	t.Helper()
	opt := Options{
		Backend:  w,
		TLS:      testTLS(t),
		Log:      slog.New(slog.DiscardHandler),
		Limits:   Limits{CommandLine: 1024, PreLoginOctets: 2048, PreLoginTime: 30 * time.Second, Idle: 30 * time.Second},
		KeepDays: func() int { return 0 },
	}
	for _, f := range change {
		f(&opt)
	}
	srv := New(opt)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if far {
		l = farListener{l}
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l, false) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Error("Serve:", err)
		}
	})
	return srv, addr
}

// farListener makes peers look as if they came over the Internet.
type farListener struct{ net.Listener }

func (l farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return farConn{c}, nil
}

type farConn struct{ net.Conn }

func (farConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("203.0.113.9:4711"))
}

var testCertificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func testTLS(t testing.TB) *tls.Config {
	cert, err := testCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}
