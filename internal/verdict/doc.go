// Package verdict finds out who a mail is really from, before anybody decides
// what becomes of it: SPF of the envelope and of HELO, DKIM signatures, DMARC
// of the author's domain, the chain of ARC, and the names of the client's
// address. Check does all of it; the result tells every method's outcome, the
// wish of the author's domain, and the reasons as sentences.
//
// Invariants: a message is read once for its header and once for its body, and
// no more of it is held than a header of 256 KiB. All questions to DNS are asked
// side by side and end together after 20 seconds. A question that DNS did not
// answer never makes a result worse than "temperror": such mail is asked for
// again (Verdict.Defer), never refused. What comes from outside is bounded:
// signatures, seals, authors, keys, names, the octets of our header field.
//
// The package also writes the daily reports of DMARC, and reads those of
// others; it neither stores nor sends anything.
//
// RFC 7208 (SPF, by blitiri.com.ar/go/spf behind a guard for the grammar), 6376,
// 8301 and 8463 (DKIM), 7489 and 9091 (DMARC and np=), 8617 (ARC), 8601
// (Authentication-Results, iprev), 6008 (header.b), 8460 (reports of TLS).
//
// Signatures are verified by package dkim rather than by go-msgauth, which looks
// at the machine's clock, does not tell the length of a key, holds a header of
// any size and cannot verify ARC, whose signatures share the one pass over the
// body. The tests ask it for a second opinion.
package verdict
