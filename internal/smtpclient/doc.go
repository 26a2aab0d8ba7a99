// Package smtpclient is the sending end of one SMTP connection: greeting, EHLO, STARTTLS, AUTH, and one message after the
// other. It knows neither DNS nor the store; whoever opened the connection says where it leads.
//
// Invariants: every recipient gets exactly one reply; no message is held in memory; every read and write has a deadline;
// what the peer says is capped and cleaned before anybody sees it; nothing that was readable before TLS is believed after
// it; a body can never end early or be taken for commands, whatever octets it has; a connection that lost its step is
// never used again; and where a message may or may not have been taken, the error says so.
//
// RFC 5321 (SMTP), 2920 (PIPELINING), 3030 (CHUNKING, BINARYMIME), 6152 (8BITMIME), 1870 (SIZE), 3461 (DSN), 6531
// (SMTPUTF8), 8689 (REQUIRETLS), 3207 (STARTTLS), 4954 (AUTH), 2034 (enhanced codes), 7628 (OAUTHBEARER), 5802 and 7677
// (SCRAM).
package smtpclient
