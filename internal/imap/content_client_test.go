package imap

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// clientOn logs in with a real client library and selects INBOX with these mails.
func clientOn(t *testing.T, mails ...string) *imapclient.Client {
	t.Helper()
	f := newFake()
	for _, mail := range mails {
		f.deliver("INBOX", mail)
	}
	ours, theirs := socketPair(t)
	go (&Server{Backend: f, Name: "test"}).ServeConn(theirs)
	c := imapclient.New(ours, nil)
	t.Cleanup(func() { c.Close() })
	if err := c.Login("ana", "secret").Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// A client library understands every kind of answer.
func TestFetchByClient(t *testing.T) {
	c := clientOn(t, searchMails[3], sectionMail)
	header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Subject"}, Peek: true}
	part := &imap.FetchItemBodySection{Part: []int{1}, Partial: &imap.SectionPartial{Offset: 1, Size: 3}}
	got, err := c.Fetch(imap.SeqSetNum(1, 2), &imap.FetchOptions{
		Envelope: true, Flags: true, InternalDate: true, RFC822Size: true, UID: true,
		BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
		BodySection:   []*imap.FetchItemBodySection{{Peek: true}, header, part},
	}).Collect()
	if err != nil || len(got) != 2 {
		t.Fatal(len(got), err)
	}
	first, second := got[0], got[1]
	if s := string(first.FindBodySection(&imap.FetchItemBodySection{})); s != searchMails[3] {
		t.Errorf("BODY[] is %q", s)
	}
	if s := string(second.FindBodySection(header)); s != "Subject: outer\r\n folded\r\n\r\n" {
		t.Errorf("the subject is %q", s)
	}
	if s := string(second.FindBodySection(part)); s != "irs" {
		t.Errorf("a piece of part 1 is %q", s)
	}
	if !slices.Contains(second.Flags, imap.FlagSeen) || second.UID != 2 || second.RFC822Size != int64(len(sectionMail)) {
		t.Errorf("got %v, UID %d, size %d", second.Flags, second.UID, second.RFC822Size)
	}
	var types []string
	first.BodyStructure.Walk(func(_ []int, part imap.BodyStructure) bool {
		types = append(types, part.MediaType())
		return true
	})
	if !slices.Equal(types, []string{"multipart/mixed", "text/html", "application/pdf", "message/rfc822"}) {
		t.Errorf("the parts are %v", types)
	}
	if e := first.Envelope; len(e.To) != 1 || e.To[0].Name != "Jørgen" || e.From[0].Addr() != "dora@example.com" {
		t.Errorf("the envelope is %+v", e)
	}
}

func TestSearchByClient(t *testing.T) {
	c := clientOn(t, searchMails[1:]...)
	for _, options := range []*imap.SearchOptions{nil, {ReturnAll: true, ReturnMax: true, ReturnCount: true}} {
		got, err := c.UIDSearch(&imap.SearchCriteria{
			Or: [][2]imap.SearchCriteria{{{Text: []string{"straße"}}, {Header: []imap.SearchCriteriaHeaderField{{Key: "X-Spam", Value: "no"}}}}},
		}, options).Wait()
		if err != nil || !slices.Equal(got.AllUIDs(), []imap.UID{1, 2}) {
			t.Fatalf("%+v, %v", got, err)
		}
		if options != nil && (got.Max != 2 || got.Count != 2) {
			t.Errorf("got %+v", got)
		}
	}
}
