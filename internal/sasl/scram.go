package sasl

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	gosasl "github.com/emersion/go-sasl"
)

// Random octets of our half of the nonce: enough that a proof never fits twice.
const nonceSize = 18 // octets, 24 characters of base64

// ScramOptions is one exchange's view of the house. Lookup, Done and FakeKey are needed; Binding is with Plus.
type ScramOptions struct {
	Plus       bool // the client chose SCRAM-SHA-256-PLUS
	Advertised bool // PLUS was offered on this connection

	// Canonical gives an account's one name whatever the client wrote for it; nil means lower case. Lookup and Done
	// receive its result. It must know every spelling that Lookup would treat as equal: a fake salt hangs on it, and two
	// spellings with two salts would show that nobody has that name.
	Canonical func(user string) string

	// Lookup finds the account. ErrCredentials means that there is none, and the exchange goes on with a fake salt; any
	// other error ends it and is returned wrapped.
	Lookup func(user string) (Credentials, error)

	// Binding gives the connection's channel binding data; see Binding.
	Binding func(kind string) ([]byte, error)

	// Done is told who is logged in and which of the Keys matched. Its error fails the login and is returned as it is.
	Done func(user string, matched int) error

	Rand           io.Reader // nil means crypto/rand
	FakeKey        []byte    // secret of this process, for the salts of users that do not exist
	FakeIterations int       // what real accounts have; 0 means MinIterations
}

// scramExchange is the state of one exchange. Each step moves next before it looks at the response, so a failure is final.
type scramExchange struct {
	opt   ScramOptions
	next  func(response []byte) (challenge []byte, done bool, err error)
	first clientFirst

	user        string // canonical
	credentials Credentials
	nonce       string // the client's and ours
	serverFirst string
	matched     int
}

// Scram is SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) over an account with several passwords.
func Scram(opt ScramOptions) gosasl.Server {
	if opt.Canonical == nil {
		opt.Canonical = strings.ToLower
	}
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	if opt.FakeIterations == 0 {
		opt.FakeIterations = MinIterations
	}
	s := &scramExchange{opt: opt}
	s.next = s.start
	return s
}

// Next implements go-sasl's Server.
func (s *scramExchange) Next(response []byte) (challenge []byte, done bool, err error) {
	step := s.next
	s.next = s.over
	return step(response)
}

func (s *scramExchange) over([]byte) ([]byte, bool, error) {
	return nil, false, malformed("SCRAM exchange is over")
}

// start takes client-first and answers server-first.
func (s *scramExchange) start(response []byte) ([]byte, bool, error) {
	if response == nil { // no initial response: ask for it
		s.next = s.start
		return []byte{}, false, nil
	}
	var err error
	if s.first, err = parseClientFirst(response); err != nil {
		return nil, false, err
	}
	if err := s.checkFlag(); err != nil {
		return nil, false, err
	}
	if err := checkIdentity(s.first.authzid, s.first.user); err != nil {
		return nil, false, err
	}
	if err := s.lookup(); err != nil {
		return nil, false, err
	}
	own := make([]byte, nonceSize)
	if _, err := io.ReadFull(s.opt.Rand, own); err != nil {
		return nil, false, fmt.Errorf("scram nonce: %w", err)
	}
	s.nonce = s.first.nonce + base64.StdEncoding.EncodeToString(own)
	salt := base64.StdEncoding.EncodeToString(s.credentials.Salt)
	s.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, salt, s.credentials.Iterations)
	s.next = s.prove
	return []byte(s.serverFirst), false, nil
}

// checkFlag holds the client's channel binding flag against what was offered and chosen (RFC 5802 §6).
func (s *scramExchange) checkFlag() error {
	switch s.first.flag {
	case 'p':
		if !s.opt.Plus {
			return malformed("channel binding without PLUS")
		}
	case 'y':
		// The client could bind but thinks that we cannot: somebody between us took PLUS out of the list.
		if s.opt.Advertised {
			return fmt.Errorf("%w: PLUS was removed from the list of mechanisms on the way", ErrCredentials)
		}
		fallthrough
	default:
		if s.opt.Plus {
			return malformed("PLUS without channel binding")
		}
	}
	return nil
}

func (s *scramExchange) lookup() error {
	s.user = s.opt.Canonical(Prepare(s.first.user))
	credentials, err := s.opt.Lookup(s.user)
	switch {
	case errors.Is(err, ErrCredentials):
		s.credentials = s.fake()
	case err != nil:
		return fmt.Errorf("scram lookup: %w", err)
	default:
		s.credentials = credentials
	}
	return nil
}

// fake makes the credentials of nobody: the same salt each time that the name is asked, and one key to spend time on,
// which has no known preimage and so never matches.
func (s *scramExchange) fake() Credentials {
	salt := mac(s.opt.FakeKey, "salt "+s.user)
	key := Keys{Stored: mac(s.opt.FakeKey, "key "+s.user)}
	return Credentials{Salt: salt[:SaltSize], Iterations: s.opt.FakeIterations, Keys: []Keys{key}}
}

// prove takes client-final and answers server-final.
func (s *scramExchange) prove(response []byte) ([]byte, bool, error) {
	final, err := parseClientFinal(response)
	if err != nil {
		return nil, false, err
	}
	if final.nonce != s.nonce {
		return nil, false, malformed("SCRAM nonce is not the one of this exchange")
	}
	if err := s.checkBinding(final.binding); err != nil {
		return nil, false, err
	}
	authMessage := s.first.bare + "," + s.serverFirst + "," + final.withoutProof
	s.matched = match(s.credentials.Keys, final.proof, authMessage)
	if s.matched < 0 {
		return nil, false, ErrCredentials
	}
	signature := mac(s.credentials.Keys[s.matched].Server[:], authMessage)
	s.next = s.finish
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature[:])), false, nil
}

// checkBinding compares cbind-input: the gs2 header, and with PLUS what both ends know of their TLS connection
// (RFC 5802 §6). A mismatch is somebody in between.
func (s *scramExchange) checkBinding(got []byte) error {
	want := []byte(s.first.gs2)
	if s.first.flag == 'p' {
		data, err := s.opt.Binding(s.first.binding)
		if err != nil {
			return malformed("channel binding: %v", err)
		}
		want = append(want, data...)
	}
	if !hmac.Equal(got, want) {
		return fmt.Errorf("%w: channel binding does not match", ErrCredentials)
	}
	return nil
}

// finish waits for the client's empty response: it has checked our signature by then.
func (s *scramExchange) finish(response []byte) ([]byte, bool, error) {
	if len(response) != 0 {
		return nil, false, malformed("SCRAM has no third message")
	}
	if err := s.opt.Done(s.user, s.matched); err != nil {
		return nil, false, err
	}
	return nil, true, nil
}
