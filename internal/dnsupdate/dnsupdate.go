// Package dnsupdate writes records at whoever keeps a domain's DNS: a server that
// takes updates (RFC 2136 with TSIG, RFC 8945), or one of the providers whose
// interfaces are here. There are two ways to each. A Writer sets and removes the
// TXT records by which a certificate authority is shown that a domain is ours
// (RFC 8555 §8.4); a Provider reads and writes whole sets of records. Neither
// decides anything, nor keeps more than the tokens it was given, which it never
// tells, not even in errors.
package dnsupdate

import "context"

// Change is one TXT record to be set or removed.
type Change struct {
	Name   string // whole, A-labels, lower case, no final dot
	Text   string
	Remove bool
}

// Writer makes a change, and returns when the provider has taken it. Others of
// the same name stay, unless the provider has room for only one. To remove what
// is not there is no error.
type Writer func(ctx context.Context, c Change) error

// Seen tells whether the servers that speak for the domain show a TXT record.
type Seen func(ctx context.Context, name, text string) (bool, error)

// ttl of what we write, in seconds: no provider here allows less for all its customers.
const ttl = 60
