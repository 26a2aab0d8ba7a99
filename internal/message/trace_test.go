package message

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestReceived(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.FixedZone("", 3600))
	for _, c := range []struct {
		in   Trace
		want string
	}{
		{Trace{From: "mx.example.org", Addr: netip.MustParseAddr("192.0.2.1"), Reverse: "out.example.org", By: "mail.example.net",
			With: "ESMTPS", ID: "4f2c", For: Address{"bob", "example.net"}, TLS: "TLS1.3 TLS_AES_128_GCM_SHA256", Time: at},
			"Received: from mx.example.org (out.example.org [192.0.2.1])\r\n" +
				" by mail.example.net with ESMTPS (TLS1.3 TLS_AES_128_GCM_SHA256) id 4f2c\r\n" +
				" for <bob@example.net>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		// What a client says never breaks the line, the comment or the clause.
		{Trace{From: "a\r\nX: y (\\;<ü>", Addr: netip.MustParseAddr("::ffff:192.0.2.1"), Reverse: "a)b\n", By: "b", Time: at},
			"Received: from a??X:?y??????? (a?b? [192.0.2.1])\r\n by b;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{Addr: netip.MustParseAddr("fe80::1%eth0"), By: "b", Time: at},
			"Received: from unknown ([IPv6:fe80::1])\r\n by b;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		// Our own people's whereabouts stay at home.
		{Trace{From: "laptop", Addr: netip.MustParseAddr("192.0.2.1"), Reverse: "x", By: "b", With: "ESMTPSA", ID: "1", Time: at, HideClient: true},
			"Received: by b with ESMTPSA id 1;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		// RFC 6531 §3.7.3: UTF-8 only where the whole way takes it.
		{Trace{By: "blåbær.no", With: "UTF8SMTPS", For: Address{"jørgen", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by blåbær.no with UTF8SMTPS for <jørgen@blåbær.no>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{By: "b", With: "UTF8SMTPS", For: Address{"j", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by b with UTF8SMTPS for <j@xn--blbr-roah.no>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{By: "b", With: "ESMTP", For: Address{"jørgen", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by b with ESMTP;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{By: "b", With: "ESMTP", For: Address{"j", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by b with ESMTP for <j@xn--blbr-roah.no>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
	} {
		if got := string(c.in.AppendReceived([]byte("x"))); got != "x"+c.want {
			t.Errorf("\n got %q\nwant %q", got[1:], c.want)
		}
	}
}

// RFC 5322 §2.1.1: 78 octets a line where words allow it, 998 always.
func TestReceivedLines(t *testing.T) {
	long := strings.Repeat("x", 60)
	tr := Trace{From: long, Addr: netip.MustParseAddr("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"), Reverse: long, By: long,
		With: "ESMTPS", ID: long, For: Address{long, long + ".org"}, TLS: long, Time: time.Now()}
	for line := range strings.Lines(string(tr.AppendReceived(nil))) {
		if len(line) > maxLine+2 && len(strings.Fields(line)) > 2 {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	tr.From = strings.Repeat("y", 10_000)
	for line := range strings.Lines(string(tr.AppendReceived(nil))) {
		if len(line) > 998 {
			t.Errorf("%d octets", len(line))
		}
	}
}

func TestTraceLines(t *testing.T) {
	for got, want := range map[string]string{
		ReturnPath(Address{}):                         "Return-Path: <>\r\n",
		ReturnPath(Address{"a b", "example.org"}):     "Return-Path: <\"a b\"@example.org>\r\n",
		DeliveredTo(Address{"a", "example.org"}):      "Delivered-To: a@example.org\r\n",
		DeliveredTo(Address{"a\r\nb", "example.org"}): "Delivered-To: \"a??b\"@example.org\r\n",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCountReceived(t *testing.T) {
	in := strings.Repeat("Received: x\r\n y\r\nX-Received: z\r\n", 5) + "RECEIVED: x\r\n\r\nReceived: body\r\n"
	if n, err := CountReceived(strings.NewReader(in)); n != 6 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := CountReceived(brokenReader{}); err == nil {
		t.Error("no error")
	}
}
