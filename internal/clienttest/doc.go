// Package clienttest has tests only: the real program, started as a person starts it, against the mail programs that
// people use, and against kill -9.
//
// Debian's package list in .ci/run has the programs. One that is missing here skips its test; with CI or
// BUZON_REQUIRE_CLIENTS in the environment it fails.
package clienttest
