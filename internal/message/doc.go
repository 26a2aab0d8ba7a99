// Package message reads and names what mail is made of: addresses of the
// envelope, the fields of a header, the tree of MIME parts with the offsets at
// which they stand, and the trace fields that a server puts in front. What a
// submission server adds or takes out is here too, and how fields of our own
// mail are written.
//
// It never refuses a message. Whatever octets arrive, Parse finds a structure in
// them and the readers find text; what breaks the rules is taken for what its
// writer most likely meant. Errors come from the reader underneath, or, for
// ParseAddress and the binary forms, say that the input is none.
//
// It never holds a message. Parse walks it once with one small buffer, bodies
// are read through decoders of a few KiB, and limits.go says how much of a
// header is remembered. Time is in proportion to the input.
//
// RFC 5321 and 6531 (addresses, trace), RFC 5322 (headers), RFC 2045 to 2047 and
// 2231 (MIME), RFC 3501 (envelope, part numbers), RFC 5256 (subjects, threads).
package message
