package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"buzon/internal/message"
)

// imapClient logs in as ana over TLS, with go-imap's client.
func imapClient(t testing.TB, a *testAppliance, o *imapclient.Options) *imapclient.Client {
	t.Helper()
	if o == nil {
		o = &imapclient.Options{}
	}
	o.TLSConfig = a.tls()
	c, err := imapclient.DialTLS(a.addr("imaps"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login("ana@example.test", "secret").Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// startWithAna starts an appliance with one account.
func startWithAna(t testing.TB, changes ...func(*options)) *testAppliance {
	t.Helper()
	a := startTest(t, changes...)
	ctx := context.Background()
	if err := a.store.AddDomain(ctx, "example.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.AddAccount(ctx, message.Address{Local: "ana", Domain: "example.test"}, "secret"); err != nil {
		t.Fatal(err)
	}
	return a
}

// must ends the test at an error; it takes what go-imap's Wait returns.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func appendMessage(t testing.TB, c *imapclient.Client, box string, body []byte, o *imap.AppendOptions) imap.UID {
	t.Helper()
	w := c.Append(box, int64(len(body)), o)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return must[*imap.AppendData](t)(w.Wait()).UID
}

// What is filed comes back octet by octet, also when it is large, binary, empty-bodied or broken.
func TestIMAPAppendFetch(t *testing.T) {
	t.Parallel()
	c := imapClient(t, startWithAna(t), nil)
	when := time.Date(2026, 3, 1, 12, 30, 0, 0, time.FixedZone("", 3600))
	large := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{}).Read(large)
	bodies := [][]byte{
		[]byte("Subject: plain\r\n\r\nHello.\r\n"),
		[]byte("Subject: bare\n\nLF only\n"),
		[]byte("no header at all"),
		[]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n"),
		append([]byte("Subject: large\r\n\r\n"), large...),
	}
	must[*imap.SelectData](t)(c.Select("INBOX", nil).Wait())
	for i, body := range bodies {
		uid := appendMessage(t, c, "INBOX", body, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagFlagged, "$Work"}, Time: when})
		got := must[[]*imapclient.FetchMessageBuffer](t)(c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{
			Flags: true, InternalDate: true, RFC822Size: true, Envelope: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}},
			BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
		}).Collect())
		sent := bytes.ReplaceAll(body, []byte{0}, []byte{0x80}) // RFC 3501 §9: no NUL in a literal
		if len(got) != 1 || !bytes.Equal(got[0].BodySection[0].Bytes, sent) || got[0].RFC822Size != int64(len(body)) {
			t.Fatalf("message %d came back different", i)
		}
		if !got[0].InternalDate.Equal(when) || !slices.Contains(got[0].Flags, "$Work") || !slices.Contains(got[0].Flags, imap.FlagFlagged) {
			t.Errorf("message %d: %v %v", i, got[0].InternalDate, got[0].Flags)
		}
	}
}

// The round of commands that go-imap's client knows. (Not ID: beta.8 fails on every answer but NIL.)
func TestIMAPClient(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	c := imapClient(t, a, nil)
	must[*imap.NamespaceData](t)(c.Namespace().Wait())
	if err := c.Create("Viñetas/2026", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	list := must[[]*imap.ListData](t)(c.List("", "*", &imap.ListOptions{
		ReturnSubscribed: true, ReturnSpecialUse: true, ReturnChildren: true,
		ReturnStatus: &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true, NumUnseen: true, Size: true},
	}).Collect())
	var names []string
	for _, l := range list {
		names = append(names, l.Mailbox)
	}
	if want := []string{"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", "Viñetas", "Viñetas/2026"}; !slices.Equal(names, want) {
		t.Errorf("LIST: %v", names)
	}
	must[*imap.SelectData](t)(c.Select("INBOX", nil).Wait())
	for i := range 5 {
		appendMessage(t, c, "INBOX", fmt.Appendf(nil, "Subject: number %d\r\n\r\nx\r\n", i), nil)
	}
	stored := must[[]*imapclient.FetchMessageBuffer](t)(c.Store(imap.SeqSetNum(1, 2), &imap.StoreFlags{
		Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen},
	}, nil).Collect())
	if len(stored) != 2 {
		t.Errorf("STORE told of %d messages", len(stored))
	}
	copied := must[*imap.CopyData](t)(c.Copy(imap.UIDSetNum(1, 3), "Viñetas/2026").Wait())
	if copied.SourceUIDs.String() != "1,3" || copied.DestUIDs.String() != "1:2" {
		t.Errorf("COPY: %+v", copied)
	}
	moved := must[*imapclient.MoveData](t)(c.Move(imap.UIDSetNum(2), "Trash").Wait())
	if moved.SourceUIDs.(imap.UIDSet).String() != "2" {
		t.Errorf("MOVE: %+v", moved)
	}
	found := must[*imap.SearchData](t)(c.UIDSearch(&imap.SearchCriteria{
		Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "number"}}, NotFlag: []imap.Flag{imap.FlagSeen},
	}, &imap.SearchOptions{ReturnAll: true, ReturnCount: true}).Wait())
	if found.Count != 3 || found.All.String() != "3:5" {
		t.Errorf("SEARCH: %+v", found)
	}
	must[[]*imapclient.FetchMessageBuffer](t)(c.Store(imap.UIDSetNum(3, 4), &imap.StoreFlags{
		Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted},
	}, nil).Collect())
	if gone := must[[]uint32](t)(c.UIDExpunge(imap.UIDSetNum(4)).Collect()); !slices.Equal(gone, []uint32{3}) {
		t.Errorf("UID EXPUNGE: %v", gone)
	}
	if err := c.UnselectAndExpunge().Wait(); err != nil {
		t.Error(err)
	}
	status := must[*imap.StatusData](t)(c.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true, UIDNext: true}).Wait())
	if *status.NumMessages != 2 || *status.NumUnseen != 1 || status.UIDNext != 6 {
		t.Errorf("STATUS: %d %d %d", *status.NumMessages, *status.NumUnseen, status.UIDNext)
	}
	if err := c.Logout().Wait(); err != nil {
		t.Error(err)
	}
}

// A watcher in IDLE hears what another client does.
func TestIMAPIdle(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	heard := make(chan string, 20)
	watcher := imapClient(t, a, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				heard <- fmt.Sprint("exists ", *d.NumMessages)
			}
		},
		Expunge: func(n uint32) { heard <- fmt.Sprint("expunge ", n) },
		Fetch: func(m *imapclient.FetchMessageData) {
			b, err := m.Collect()
			heard <- fmt.Sprint("flags ", b.Flags, err)
		},
	}})
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Fatalf("heard %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("heard nothing, want %q", want)
		}
	}
	must[*imap.SelectData](t)(watcher.Select("INBOX", nil).Wait())
	idle, err := watcher.Idle()
	if err != nil {
		t.Fatal(err)
	}
	c := imapClient(t, a, nil)
	must[*imap.SelectData](t)(c.Select("INBOX", nil).Wait())
	appendMessage(t, c, "INBOX", []byte("Subject: x\r\n\r\n"), nil)
	expect("exists 1")
	must[[]*imapclient.FetchMessageBuffer](t)(c.Store(imap.UIDSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsSet, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Collect())
	expect(`flags [\Deleted \Recent] <nil>`)
	must[[]uint32](t)(c.Expunge().Collect())
	expect("expunge 1")
	if err := idle.Close(); err != nil {
		t.Error(err)
	}
	if err := idle.Wait(); err != nil {
		t.Error(err)
	}
}

// STARTTLS and SASL as clients do them.
func TestIMAPStartTLS(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	c, err := imapclient.DialStartTLS(a.addr("imap"), &imapclient.Options{TLSConfig: a.tls()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Authenticate(sasl.NewPlainClient("", "ana@example.test", "wrong")); err == nil {
		t.Error("a wrong password was taken")
	}
	if err := c.Authenticate(sasl.NewPlainClient("", "ana@example.test", "secret")); err != nil {
		t.Error(err)
	}
}

// A hidden capability is neither offered nor accepted.
func TestIMAPHidden(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	if err := a.store.Set(context.Background(), "imap.hide", "MOVE,IDLE"); err != nil {
		t.Fatal(err)
	}
	c := imapClient(t, a, nil)
	caps := must[imap.CapSet](t)(c.Capability().Wait())
	if caps.Has(imap.CapMove) || caps.Has(imap.CapIdle) || !caps.Has(imap.CapUIDPlus) {
		t.Error(caps)
	}
	if idle, err := c.Idle(); err == nil {
		idle.Close()
		t.Error("IDLE was accepted")
	}
}

// A full account says OVERQUOTA, and the connection stays in step.
func TestIMAPOverQuota(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	if err := a.store.SetQuota(context.Background(), message.Address{Local: "ana", Domain: "example.test"}, 1000); err != nil {
		t.Fatal(err)
	}
	c := imapClient(t, a, nil)
	body := "Subject: x\r\n\r\n" + strings.Repeat("0123456\r\n", 20000)
	w := c.Append("INBOX", int64(len(body)), nil)
	io.WriteString(w, body)
	w.Close()
	if _, err := w.Wait(); err == nil || !strings.Contains(err.Error(), "OVERQUOTA") {
		t.Error(err)
	}
	if err := c.Noop().Wait(); err != nil {
		t.Error(err)
	}
}
