package smtpclient

import "time"

// Options are the same for all connections of a sender.
type Options struct {
	Hello    string // our name in EHLO: a domain that resolves back to us, or an address literal
	Timeouts Timeouts
	Dir      string // for the temporary file of a converted body; "" is the system's folder
}

// Timeouts are how long each answer may take. A zero one means what RFC 5321 §4.5.3.2 says.
type Timeouts struct {
	Greeting time.Duration // 5 minutes: the first reply
	Command  time.Duration // 5 minutes: any reply to a command, a TLS handshake, the answer to DATA
	Data     time.Duration // 3 minutes: one piece of a body to go out, the reply to a chunk
	Final    time.Duration // 10 minutes: the reply to the end of the message
	Quit     time.Duration // 5 seconds: for good manners only
}

func (t Timeouts) orDefaults() Timeouts {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Greeting, 5 * time.Minute}, // RFC 5321 §4.5.3.2.1
		{&t.Command, 5 * time.Minute},  // §4.5.3.2.2 and 3
		{&t.Data, 3 * time.Minute},     // §4.5.3.2.5
		{&t.Final, 10 * time.Minute},   // §4.5.3.2.6
		{&t.Quit, 5 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return t
}
