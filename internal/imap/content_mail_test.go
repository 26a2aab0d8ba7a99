package imap

import (
	"fmt"
	"strings"
)

// contentMail is an ordinary mail of about 4 KB; n makes it differ from others.
func contentMail(n int) string {
	return crlf(fmt.Sprintf(`Return-Path: <ann@example.org>
Received: from mail-wm1-f41.example.org (mail-wm1-f41.example.org [192.0.2.41])
	by mx.example.net with ESMTPS id %d (TLS1.3 TLS_AES_128_GCM_SHA256)
	for <bob@example.net>; Sat, 21 Nov 2026 10:00:00 +0000
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s2026;
	h=from:to:subject:date:message-id; bh=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=;
	b=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
MIME-Version: 1.0
From: "Ann Lee" <ann@example.org>
To: Bob Roe <bob@example.net>, =?utf-8?q?J=C3=B8rgen?= <j@example.no>
Subject: Re: =?utf-8?B?w5xiZXIgZGVuIFdvbGtlbg==?= number %d
Date: Sat, 21 Nov 2026 10:00:00 +0000
Message-ID: <CAF%d@mail.example.org>
In-Reply-To: <1234@example.net>
References: <1232@example.net> <1233@example.org> <1234@example.net>
List-Id: <list%d.example.org>
Content-Type: multipart/alternative; boundary="000000000000a1b2"

--000000000000a1b2
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

%sneedle%d caf=C3=A9
--000000000000a1b2
Content-Type: text/html; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

<html>%s</html>
--000000000000a1b2--
`, n, n, n, n%10, strings.Repeat("Lorem ipsum dolor sit amet, consectetur.\n", 30), n, strings.Repeat("<p>Lorem ipsum dolor sit amet.</p>\n", 30)))
}
