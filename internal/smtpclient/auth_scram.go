package smtpclient

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
	"github.com/xdg-go/stringprep"
)

// A peer chooses how much work a login costs us. The most that servers ask today is 600,000, a second on a small board.
const maxIterations = 1_000_000

const (
	scramName = "SCRAM-SHA-256"
	plusName  = "SCRAM-SHA-256-PLUS"
)

// scramClient is SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677).
type scramClient struct {
	login   Login
	binding scram.ChannelBinding // with PLUS
	aware   bool                 // without PLUS: we could bind, the peer could not (flag "y" of RFC 5802 §6)

	talk  *scram.ClientConversation
	words string // the peer's "e="
}

// scrams are the variants that this connection allows.
func (c *Client) scrams(l Login) []mechanism {
	binding, bound := channelBinding(c.TLS())
	offered := slices.Contains(c.ext.Auth, plusName)
	simple := &scramClient{login: l, aware: bound && !offered}
	if !bound {
		return []mechanism{simple}
	}
	return []mechanism{&scramClient{login: l, binding: binding}, simple}
}

// channelBinding is tls-exporter from TLS 1.3 on (RFC 9266), and the certificate's hash before (RFC 5929 §4).
func channelBinding(cs *tls.ConnectionState) (scram.ChannelBinding, bool) {
	if cs == nil {
		return scram.ChannelBinding{}, false
	}
	make := scram.NewTLSServerEndpointBinding
	if cs.Version >= tls.VersionTLS13 {
		make = scram.NewTLSExporterBinding
	}
	binding, err := make(cs)
	return binding, err == nil // a certificate whose hash is undefined (Ed25519) leaves SCRAM without PLUS
}

func (s *scramClient) name() string {
	if s.binding.IsSupported() {
		return plusName
	}
	return scramName
}

func (s *scramClient) told() string { return s.words }

func (s *scramClient) start() ([]byte, error) {
	client, err := scram.SHA256.NewClientUnprepped(prepare(s.login.User), prepare(s.login.Password), "")
	if err != nil {
		return nil, fmt.Errorf("scram: %w", err)
	}
	switch {
	case s.binding.IsSupported():
		s.talk = client.NewConversationWithChannelBinding(s.binding)
	case s.aware:
		s.talk = client.NewConversationAdvertisingChannelBinding()
	default:
		s.talk = client.NewConversation()
	}
	first, err := s.talk.Step("")
	return []byte(first), err
}

// prepare is SASLprep (RFC 4013). What it refuses is taken as it is: the peer had to accept it once.
func prepare(s string) string {
	prepared, err := stringprep.SASLprep.Prepare(s)
	if err != nil {
		return s
	}
	return prepared
}

func (s *scramClient) next(challenge []byte) ([]byte, error) {
	text := string(challenge)
	if strings.HasPrefix(text, "e=") { // RFC 5802 §7 server-error: its reply follows
		s.words = text
		return []byte{}, nil
	}
	if n := iterations(text); n > maxIterations {
		return nil, fmt.Errorf("%w: SCRAM with %d iterations", ErrReply, n)
	}
	response, err := s.talk.Step(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return []byte(response), nil
}

// iterations reads the work that a server-first message asks for.
func iterations(serverFirst string) int {
	for field := range strings.SplitSeq(serverFirst, ",") {
		digits, ok := strings.CutPrefix(field, "i=")
		if n, err := strconv.Atoi(digits); ok && err == nil {
			return n
		}
	}
	return 0
}

// end demands the peer's signature: a peer that says yes without it never knew the password (RFC 5802 §3).
func (s *scramClient) end() error {
	if s.talk.Valid() {
		return nil
	}
	return ErrProof
}
