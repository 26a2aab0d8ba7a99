package clienttest

import (
	"path/filepath"
	"testing"
)

// The modules are Debian's libmail-imapclient-perl and libmail-imaptalk-perl.
func TestPerl(t *testing.T) {
	for _, way := range []struct{ module, script, compress string }{
		{"Mail::IMAPClient", "imapclient.pl", "0"},
		{"Mail::IMAPClient", "imapclient.pl", "1"},
		{"Mail::IMAPTalk", "imaptalk.pl", "0"},
		{"Mail::IMAPTalk", "imaptalk.pl", "1"},
	} {
		t.Run(way.module+" compress "+way.compress, func(t *testing.T) {
			needPerl(t, way.module)
			t.Parallel()
			script, err := filepath.Abs(filepath.Join("testdata", way.script))
			if err != nil {
				t.Fatal(err)
			}
			b := newBox(t)
			b.deliver(t, kinds()...)
			b.program(t, "", "perl", script, b.port("imaps"), b.ca, ana, password, way.compress)
		})
	}
}
