// Package acme gets certificates from an authority such as Let's Encrypt and
// keeps them fresh, without anybody asking. It shows nothing itself: who serves
// is told by Options.Show, and answers the authority through Answers.
//
// Invariants: one goroutine does everything, Manager.Run, and no handshake ever
// waits for it. What costs the authority's limits is tried where it costs little
// first: from inside the house, then with the authority's service for trying
// (staging), and only what passed there with the real one. A name that fails is
// left out and told; it never holds up the others. An order, its key, the
// account and the certificate are on disk before they are used, so that a crash
// never asks for a second certificate where one was given.
//
// x/crypto/acme speaks the protocol. Its autocert gives the shape of what is kept
// (autocert.Cache) and not more: it makes a certificate for each name, asks during
// handshakes, and knows neither DNS, nor a trial, nor the authority's wish when to renew.
//
// RFC 8555 (ACME), 8737 (TLS-ALPN-01), 9773 (when to renew, ARI), 8659 (CAA).
package acme
