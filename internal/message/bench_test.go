package message

import (
	"bytes"
	"strings"
	"testing"
)

// trace is the top of an ordinary header of today.
const trace = "Return-Path: <ann@example.org>\r\n" +
	"Received: from mail-wm1-f41.example.org (mail-wm1-f41.example.org [192.0.2.41])\r\n" +
	"\tby mx.example.net with ESMTPS id 4f2c (TLS1.3 TLS_AES_128_GCM_SHA256)\r\n" +
	"\tfor <bob@example.net>; Sat, 21 Nov 2026 10:00:00 +0000\r\n" +
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s2026;\r\n" +
	"\th=from:to:subject:date:message-id; bh=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=;\r\n" +
	"\tb=" + "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\r\n" +
	"\t  dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd==\r\n" +
	"MIME-Version: 1.0\r\n" +
	"From: \"Ann Lee\" <ann@example.org>\r\n" +
	"To: Bob Roe <bob@example.net>, =?utf-8?q?J=C3=B8rgen?= <j@example.no>\r\n" +
	"Subject: Re: =?utf-8?B?w5xiZXIgZGVuIFdvbGtlbg==?=\r\n" +
	"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n" +
	"Message-ID: <CAF1234567890@mail.example.org>\r\n" +
	"In-Reply-To: <1234@example.net>\r\n" +
	"References: <1232@example.net> <1233@example.org> <1234@example.net>\r\n" +
	"X-Mailer: none in particular\r\n"

func plainMail(size int) []byte {
	head := trace + "Content-Type: text/plain; charset=\"utf-8\"; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	line := strings.Repeat("Lorem ipsum. ", 5) + "\r\n"
	return []byte(head + strings.Repeat(line, (size-len(head))/len(line)))
}

func alternativeMail(size int) []byte {
	line := strings.Repeat("Lorem ipsum. ", 5) + "\r\n"
	half := strings.Repeat(line, size/2/len(line))
	return []byte(trace + "Content-Type: multipart/alternative; boundary=\"000000000000a1b2\"\r\n\r\n" +
		"--000000000000a1b2\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + half +
		"\r\n--000000000000a1b2\r\nContent-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + half +
		"\r\n--000000000000a1b2--\r\n")
}

func BenchmarkParse(b *testing.B) {
	for name, mail := range map[string][]byte{"plain10K": plainMail(10 << 10), "alternative70K": alternativeMail(70 << 10)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := bytes.NewReader(mail)
			b.SetBytes(int64(len(mail)))
			for b.Loop() {
				if _, err := Parse(r, int64(len(mail))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	mail := alternativeMail(4 << 10)
	s, err := Parse(bytes.NewReader(mail), int64(len(mail)))
	if err != nil {
		b.Fatal(err)
	}
	envelope, part := s.Envelope.AppendBinary(nil), s.Root.AppendBinary(nil)
	b.Logf("envelope %d octets, part %d octets", len(envelope), len(part))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeEnvelope(envelope); err != nil {
			b.Fatal(err)
		}
		if _, err := DecodePart(part); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	mail := alternativeMail(4 << 10)
	s, err := Parse(bytes.NewReader(mail), int64(len(mail)))
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = s.Envelope.AppendBinary(buf[:0])
		buf = s.Root.AppendBinary(buf)
	}
}
