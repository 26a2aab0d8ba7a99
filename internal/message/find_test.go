package message

import (
	"testing"
)

func TestFind(t *testing.T) {
	// The example of RFC 3501 §6.4.5.
	mail := "Content-Type: multipart/mixed; boundary=a\n\n" +
		"--a\n\n1\n--a\nContent-Type: application/octet-stream\n\n2\n" +
		"--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n3.1\n--b\nContent-Type: a/b\n\n3.2\n--b--\n" +
		"--a\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: image/gif\n\n4.1\n" +
		"--c\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=d\n\n" +
		"--d\n\n4.2.1\n--d\nContent-Type: multipart/alternative; boundary=e\n\n--e\n\n4.2.2.1\n--e\nContent-Type: text/richtext\n\n4.2.2.2\n--e--\n--d--\n--c--\n" +
		"--a\nContent-Type: message/rfc822\n\nSubject: x\n\n5.1\n--a--\n"
	root := &mustParse(t, mail).Root
	for _, c := range []struct {
		path []int
		want string
	}{
		{[]int{1}, "1"}, {[]int{2}, "2"}, {[]int{3, 1}, "3.1"}, {[]int{3, 2}, "3.2"}, {[]int{4, 1}, "4.1"},
		{[]int{4, 2, 1}, "4.2.1"}, {[]int{4, 2, 2, 1}, "4.2.2.1"}, {[]int{4, 2, 2, 2}, "4.2.2.2"},
		// The message inside, when no multipart, is its own part 1.
		{[]int{5, 1}, "5.1"},
		{[]int{0}, ""}, {[]int{6}, ""}, {[]int{-1}, ""}, {[]int{1, 1}, ""}, {[]int{3, 3}, ""}, {[]int{5, 2}, ""}, {[]int{5, 1, 1}, ""},
	} {
		p, ok := root.Find(c.path)
		if ok != (c.want != "") || ok && mail[p.Body:p.End] != c.want {
			t.Errorf("%v: %v, %+v", c.path, ok, p)
		}
	}
	// Part 1 of a message that is no multipart is itself.
	for _, mail := range []string{"\nx", "Content-Type: message/rfc822\n\nA: b\n\nx"} {
		root := &mustParse(t, mail).Root
		if p, ok := root.Find([]int{1}); !ok || p != root {
			t.Errorf("%q: part 1 is %+v", mail, p)
		}
		if p, ok := root.Find(nil); !ok || p != root {
			t.Errorf("%q: the whole is %+v", mail, p)
		}
		if p, ok := root.Find([]int{1, 1}); ok != (len(root.Parts) > 0) || ok && mail[p.Body:p.End] != "x" {
			t.Errorf("%q: part 1.1 is %+v", mail, p)
		}
	}
}
