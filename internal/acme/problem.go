package acme

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	wire "golang.org/x/crypto/acme"
)

// Code is a kind of failure, for which there is a sentence in people's words
// (package text, "cert_why_" and the code with low lines).
type Code string

// The kinds. What to do about each is in its sentence.
const (
	NotInDNS    Code = "not_in_dns"   // the name does not exist
	DNSSilent   Code = "dns_silent"   // we could not find out
	Elsewhere   Code = "elsewhere"    // the name leads to another machine
	Private     Code = "private"      // the name leads to an address that only exists at home
	Unreachable Code = "unreachable"  // the authority did not get through to us: a port is closed
	WrongAnswer Code = "wrong_answer" // somebody else answered it
	Forbidden   Code = "caa"          // the domain allows other authorities only
	RateLimited Code = "rate_limited"
	Refused     Code = "refused"      // the authority gives no certificate for such a name
	ServiceDown Code = "service_down" // the authority did not answer
	Account     Code = "account"      // it does not know us, and does not want to
	Provider    Code = "provider"     // who keeps our DNS did not take the record
	NotSeen     Code = "not_seen"     // it took it, and does not show it
	Waiting     Code = "waiting"      // a person has to set a record
	WrongClock  Code = "clock"        // we do not know what time it is
	NoWay       Code = "no_way"       // the way chosen needs what is not set up
	Other       Code = "other"
)

// Problem is why something did not work.
type Problem struct {
	Code    Code      `json:"code"`
	Detail  string    `json:"detail,omitempty"` // the other side's words
	Way     Way       `json:"way,omitempty"`
	Trial   bool      `json:"trial,omitempty"` // it was with the service for trying
	At      time.Time `json:"at"`
	retryIn time.Duration
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return string(p.Code)
	}
	return string(p.Code) + ": " + p.Detail
}

// maxDetail keeps a talkative server out of the file.
const maxDetail = 500 // octets

func problem(code Code, detail string) *Problem {
	if len(detail) > maxDetail {
		detail = detail[:maxDetail]
	}
	return &Problem{Code: code, Detail: strings.ToValidUTF8(detail, "")}
}

// explain finds out what kind of failure err is.
func explain(err error) *Problem {
	var known *Problem
	var answer *wire.Error
	var order *wire.OrderError
	var authorization *wire.AuthorizationError
	var network net.Error
	var address *url.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &answer):
		return explainAnswer(answer)
	case errors.As(err, &authorization) && len(authorization.Errors) > 0:
		return explain(authorization.Errors[0])
	case errors.As(err, &order) && order.Problem != nil:
		return explainAnswer(order.Problem)
	case errors.As(err, &network), errors.As(err, &address), errors.Is(err, context.DeadlineExceeded):
		return problem(ServiceDown, err.Error())
	}
	return problem(Other, err.Error())
}

// explainAnswer knows the kinds of RFC 8555 §6.7.
func explainAnswer(e *wire.Error) *Problem {
	kind := strings.TrimPrefix(e.ProblemType, "urn:ietf:params:acme:error:")
	codes := map[string]Code{
		"connection":              Unreachable,
		"dns":                     NotInDNS,
		"unauthorized":            WrongAnswer,
		"incorrectResponse":       WrongAnswer,
		"tls":                     WrongAnswer,
		"caa":                     Forbidden,
		"rateLimited":             RateLimited,
		"rejectedIdentifier":      Refused,
		"unsupportedIdentifier":   Refused,
		"badNonce":                ServiceDown,
		"serverInternal":          ServiceDown,
		"accountDoesNotExist":     Account,
		"externalAccountRequired": Account,
		"invalidContact":          Account,
		"unsupportedContact":      Account,
		"userActionRequired":      Account,
	}
	code, ok := codes[kind]
	if !ok {
		code = Other
		if e.StatusCode >= 500 {
			code = ServiceDown
		}
	}
	p := problem(code, e.Detail)
	if wait, limited := wire.RateLimit(e); limited {
		p.Code, p.retryIn = RateLimited, wait
	}
	return p
}
