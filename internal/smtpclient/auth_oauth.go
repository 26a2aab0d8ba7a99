package smtpclient

import (
	"fmt"
	"strings"
)

// oauthBearer is OAUTHBEARER (RFC 7628).
type oauthBearer struct {
	login Login
	host  string
	words string // the peer's JSON about why not
}

func (o *oauthBearer) name() string { return "OAUTHBEARER" }
func (o *oauthBearer) end() error   { return nil }
func (o *oauthBearer) told() string { return o.words }

// start is client-resp of RFC 7628 §3.1 with the gs2 header of RFC 5801 §4.
func (o *oauthBearer) start() ([]byte, error) {
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(o.login.User)
	return fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01auth=Bearer %s\x01\x01", user, o.host, o.login.Password), nil
}

// next answers the failure, which comes as a challenge, by the octet that lets the peer finish (RFC 7628 §3.2.3).
func (o *oauthBearer) next(challenge []byte) ([]byte, error) {
	o.words = string(challenge)
	return []byte{1}, nil
}

// xoauth2 is XOAUTH2, older than the RFC: Outlook.com has nothing else, and Google documents it still.
type xoauth2 struct {
	login Login
	words string
}

func (x *xoauth2) name() string { return "XOAUTH2" }
func (x *xoauth2) end() error   { return nil }
func (x *xoauth2) told() string { return x.words }

func (x *xoauth2) start() ([]byte, error) {
	return fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", x.login.User, x.login.Password), nil
}

// next answers the failure by an empty response, as Google documents.
func (x *xoauth2) next(challenge []byte) ([]byte, error) {
	x.words = string(challenge)
	return []byte{}, nil
}
