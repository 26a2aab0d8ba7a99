package outbound

import (
	"crypto/x509"
	"errors"
	"fmt"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
)

var errRelayName = &message.Reply{Code: 451, Enhanced: [3]int{4, 4, 3}, Text: "The relay's name is not in the DNS; is it spelt right?"}

// relayFailed makes a relay's trouble temporary: it is the owner's to mend, and mail waits for that.
func relayFailed(r Relay, err error) *Error {
	told := *failure(r.Host, err)
	if told.Permanent() {
		told.Reply.Text = fmt.Sprintf("The relay %s is not usable: %s", r.Host, told.Reply.Error())
		told.Reply.Code, told.Reply.Enhanced[0] = 451, 4
	}
	return &told
}

// relaySpoken tells what went wrong in words for the owner, who alone can mend it.
func relaySpoken(r Relay, err error) *Error {
	var said *smtpclient.Error
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &said) {
		return unreachable(r.Host, err)
	}
	text, enhanced := "", [3]int{4, 7, 0}
	switch {
	case errors.As(err, &name), errors.As(err, &unknown), errors.As(err, &invalid):
		text = "the relay's certificate is not valid: " + said.Err.Error()
	case errors.Is(err, smtpclient.ErrPlaintext):
		text = "the password would go unencrypted"
	case errors.Is(err, smtpclient.ErrNotOffered):
		text = fmt.Sprintf("the relay does not offer %s", said.Stage)
	case said.Stage == "AUTH" && said.Reply.Code >= 500:
		text, enhanced = "the relay does not accept the user name and password: "+said.Reply.Error(), [3]int{4, 7, 8}
	default:
		return spoken(r.Host, err)
	}
	return &Error{Host: r.Host, Err: err, Reply: message.Reply{Code: 451, Enhanced: enhanced, Text: "Sending is not possible now: " + text}}
}
