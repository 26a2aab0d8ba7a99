// Package dkim signs mail with DomainKeys Identified Mail (RFC 6376): two
// signatures, rsa-sha256 and ed25519-sha256 (RFC 8463), both relaxed/relaxed.
// It makes the keys, names their selectors, writes the records that publish
// them, and tells whether a record publishes a key. For who judges mail it reads
// signatures and records and verifies them: all algorithms and forms in use,
// those of ARC (RFC 8617) too. What a signature is worth is not said here.
//
// Invariants: a message is read once for its body and a second time only for the
// header fields that are signed; one body hash serves both signatures; memory
// does not grow with the message, nor with its header; no body length is signed
// (RFC 6376 §8.2: what was appended would look signed).
//
// Signing is ours rather than go-msgauth's, which wants a pass over the body and
// a goroutine for each signature, takes the time from the machine's clock and
// repairs line ends before it hashes them. So is verifying: package verdict tells
// why. go-msgauth is what the tests of both ask.
package dkim
