package corpustest

import "testing"

func TestCorpus(t *testing.T) {
	spam := 0
	for _, m := range Mails(t) {
		if m.Spam {
			spam++
		}
	}
	if n := len(Mails(t)); n != 6046 || spam != 1896 {
		t.Errorf("%d messages, %d of them junk", n, spam)
	}
}
