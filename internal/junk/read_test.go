package junk

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"buzon/internal/message"
)

func named(t testing.TB, body string, from int64) Named {
	t.Helper()
	r := strings.NewReader(body)
	s, err := message.Parse(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	n, err := ReadNamed(r, &s.Root, from)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Read(r, &s.Root, from)
	if err != nil || !slices.Equal(plain, n.Features) {
		t.Fatalf("Read and ReadNamed differ: %v", err)
	}
	return n
}

func TestRead(t *testing.T) {
	html := "Content-Type: text/html\r\n\r\n"
	for _, x := range []struct {
		mail     string
		has, not []string // where and text
	}{
		// Words and pairs, in small letters, across lines.
		{"\r\nBuy CHEAP\r\npills, don't wait $5", []string{"body:buy", "body:cheap", "pair:buy cheap", "pair:cheap pills", "body:don't", "body:$5"}, nil},
		{"\r\na I x", nil, []string{"body:a", "body:i"}},
		{"\r\n" + strings.Repeat("x", 60) + " " + strings.Repeat("y", 600), []string{"body:(long)"}, nil},
		// Words that are hidden by characters of no width; writing without spaces.
		{"\r\nvia\u00adgra via\u200bgra2", []string{"body:viagra", "body:viagra2"}, nil},
		{"\r\n無料です", []string{"body:無", "pair:無 料"}, nil},
		{"\r\nprix EN ÉTÉ", []string{"body:été", "pair:en été"}, nil},
		// Decoded text.
		{"Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("secret offer")), []string{"pair:secret offer", "parts:base64"}, nil},
		{"Subject: =?utf-8?q?gr=C3=BCn_win?=\r\n\r\n", []string{"subject:grün", "subject:grün win"}, []string{"body:grün"}},
		// Links, wherever they are, and what is odd about them.
		{"\r\nsee http://www.Shop.example.com/Free/offer?id=9x7", []string{"link:www.shop.example.com", "link:example.com", "link:.com", "link:free", "link:offer"}, []string{"link:9x7"}},
		{"\r\nhttp://bank.test@192.0.2.7:8080/", []string{"link:(user)", "link:(port)", "link:(ip)", "link:192.0.2"}, []string{"link:bank.test"}},
		{"\r\nwrite to joe@mail.example.com!", []string{"body:mail.example.com"}, []string{"body:joe"}},
		// Headers: who, what way, which program; not when, not what other filters thought.
		{"From: \"Big Win\" <a@Example.com>\r\nTo: x@example.org\r\nX-Mailer: Bulk 5\r\n\r\n",
			[]string{"from:big win", "from:example.com", "from:a@example.com", "to:example.org", "header:x-mailer", "header:x-mailer Bulk"}, nil},
		{"Received: from mx.example.net ([198.51.100.9])\r\n by 8.11.6; Mon, 1 Dec 2026\r\nX-Spam-Flag: YES\r\nDate: Mon, 1 Dec 2026\r\n\r\n",
			[]string{"trace:mx.example.net", "trace:198.51.100", "trace:198.51"}, []string{"header:x-spam-flag", "header:date", "trace:11.6"}},
		// HTML: what is seen, as it is seen, and what tells.
		{html + "<p>V<b>ia</b>g<!-- x -->ra</p><p>now</p>", []string{"body:viagra", "body:now", "markup:(comment in word)", "markup:b"}, []string{"pair:viagra now", "body:ia"}},
		{html + "<style>p { color: red }</style><script>if (a < b) buy()</script>text", []string{"body:text", "markup:script"}, []string{"body:color", "body:buy"}},
		{html + "caf&eacute; &#98;uy a&amp;b &nbsp;x &unknown; 1 &lt; 2", []string{"body:café", "body:buy"}, nil},
		{html + `<a href="http://u.test/x"><img src='cid:7' width=1><font color=#FF0000 size="+2">`,
			[]string{"link:u.test", "markup:a href", "markup:scheme cid", "markup:color=#ff0000", "markup:size=+2"}, nil},
		{html + `<div style="display: none; font-size:1px">`, []string{"markup:style:display:none", "markup:style:font-size:1px"}, nil},
		{html + "a < b <3 <", nil, []string{"markup:b"}},
		// Parts: types and the endings of names; what is attached is not read.
		{"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: application/zip; name=\"Bill.PDF.exe\"\r\nContent-Disposition: attachment\r\n\r\nwords\r\n--x--",
			[]string{"parts:multipart/mixed", "parts:application/zip", "parts:.exe", "parts:attachment"}, []string{"body:words"}},
	} {
		n := named(t, x.mail, 0)
		for _, f := range x.has {
			where, text, _ := strings.Cut(f, ":")
			if n.Index(where, text) < 0 {
				t.Errorf("%q: no %s; there are %v", x.mail, f, n.texts)
			}
		}
		for _, f := range x.not {
			where, text, _ := strings.Cut(f, ":")
			if n.Index(where, text) >= 0 {
				t.Errorf("%q: has %s", x.mail, f)
			}
		}
	}
}

// Fields that the box put in front do not count.
func TestReadFrom(t *testing.T) {
	prefix := "Organization: ours\r\n"
	n := named(t, prefix+"Subject: theirs\r\n\r\n", int64(len(prefix)))
	if n.Index("header", "organization") >= 0 || n.Index("subject", "theirs") < 0 {
		t.Errorf("features: %v", n.texts)
	}
}

// The size of the pieces in which text comes makes no difference.
func TestPieces(t *testing.T) {
	text := `<p>one tw&eacute;o <b>th</b>ree<!-- four --> http://five.test/six <a href="http://s.test">x</a> <script>no</script>`
	read := func(size int) Features {
		s, w, m := new(set), new(words), new(markup)
		w.begin(s, inBody, inPair)
		m.begin(s, w)
		for piece := range slices.Chunk([]byte(text), size) {
			m.read(piece)
		}
		m.end()
		return s.features()
	}
	for size := 1; size < len(text); size++ {
		if !slices.Equal(read(size), read(len(text))) {
			t.Errorf("pieces of %d octets give other features", size)
		}
	}
}

// However long the message, features and what is looked at are bounded.
func TestReadIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("Subject: x\r\n\r\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "word%d ", i)
	}
	body := b.String()
	r := strings.NewReader(body)
	s, err := message.Parse(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(r, &s.Root, 0)
	if err != nil || len(f) != MaxFeatures {
		t.Errorf("%d features, %v", len(f), err)
	}
	if avg := testing.AllocsPerRun(5, func() { _, _ = Read(r, &s.Root, 0) }); avg > 100 {
		t.Errorf("%.0f allocations", avg)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Subject: =?utf-8?q?x?=\r\nFrom: a <b@c.d>, e: f@g;\r\nReceived: from [1.2.3.4] by x.y; now\r\n\r\nhttp://a@b:c/d?e w\xffrd"))
	f.Add([]byte("Content-Type: text/html\r\n\r\n<p a=\"b>c' <!-- -- > & &#x; <style></STYLE><a href=x:y style='q:r;;'>&" + strings.Repeat("z", 40)))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-16; name=.\r\n\r\n\x00<\x00b\r\n--x--"))
	f.Fuzz(func(t *testing.T, body []byte) {
		n := named(t, string(body), 0)
		if len(n.Features) > MaxFeatures || !slices.IsSorted(n.Features) {
			t.Errorf("%d features", len(n.Features))
		}
		r := NewRecord(n.Features, Counts{Spam: 1})
		counts := make([]Counts, len(n.Features))
		n.AddRecord(counts, r)
		for i, c := range counts {
			if c != (Counts{Spam: 1}) {
				t.Errorf("feature %d has %+v", i, c)
			}
		}
	})
}

// Real mail neither breaks nor stops it.
func TestReadCorpus(t *testing.T) {
	train, test := halves(t)
	for _, m := range slices.Concat(train, test) {
		if len(m.f) < 10 {
			t.Errorf("%s has next to no features", m.name)
		}
	}
}
