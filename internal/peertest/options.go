package peertest

import "crypto/tls"

// Options are what a server is to be.
type Options struct {
	Domain string   // whose mail it takes from everybody, and keeps
	Users  []string // local parts of that domain; to others it says 550

	Name        string           // its host name; "" is mx. of Domain
	Certificate *tls.Certificate // nil: no TLS, and so no login, as with a program that has none
	User        string           // may log in with Password and send to all domains; "" is nobody
	Password    string
	Mechanism   string // the only one of SASL that it offers; "" is all that it has

	// Routes is where mail of other domains goes: from the domain to a loopback address with its port. "*" is all the rest;
	// without it they are refused by the server's own bounce.
	Routes map[string]string

	// Open takes mail for all domains from every address of loopback, without a login, as in a network that is trusted.
	Open bool

	// Grey refuses each pair of sender and recipient for now when it comes first, and takes it the next time.
	Grey bool

	// Hold takes mail for all domains from everybody and keeps it until Release, which has the program send it as it would
	// by its defaults. Postfix and Exim have it.
	Hold bool
}
