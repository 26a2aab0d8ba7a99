// Package report writes what the box itself has to say by mail: to a sender what became of a message, in place of a
// person who is away, to the owner that something is wrong. It also makes the addresses and marks under which forwarded
// mail travels.
//
// Every text has a first paragraph that needs no knowledge of mail; what machines and technicians want comes after it.
// Nothing here answers what was not written by a person or for whom no answer is wanted: the rules are Wanted, for
// reports, and Answerable, for a person who is away. Reports have the null sender "<>" on the wire, always.
//
// No message is held in memory: what is returned of the original is read where it lies, when the report is read. The
// original must stay readable as long as the report.
//
// RFC 3461 to 3464, 6522 and 6533 (reports), RFC 3834 (automatic answers), the Sender Rewriting Scheme as its papers have it (no RFC).
package report
