package store

import (
	"testing"

	"buzon/internal/message"
	"buzon/internal/uidset"
)

// Previews and message ids are kept at delivery, inline or staged; a body of
// before has neither, and its neighbours' stay where they are.
func TestPagePreview(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	acc, box := person(t, s, "ana", 0)
	large := "Message-ID: <3@x>\r\n\r\nLarge" + string(make([]byte, 2*maxInline))
	for _, mail := range []string{
		"Message-ID: <1@x>\r\n\r\nHello.\r\n",
		"Message-ID: <2@x>\r\nReferences: <1@x>\r\n\r\n",
		large,
	} {
		check(t, s.Accept(t.Context(), Incoming{Body: section(mail), Deliver: []Delivery{{Account: acc}}}))
	}
	check(t, s.write(t.Context(), func(tx *tx) error {
		return exec(tx.Conn, `UPDATE body SET preview = NULL, refs = NULL WHERE id = 1`)
	}))
	all := uidset.Of(uidset.Range{Lo: 1, Hi: 9})
	page, err := s.Page(t.Context(), box, all, 0, 9, WithPreview|WithReferences|WithEnvelope, nil)
	check(t, err)
	if len(page) != 3 || page[0].Preview != nil || page[0].References != nil {
		t.Fatalf("%d messages; of before: %q, %x", len(page), page[0].Preview, page[0].References)
	}
	if page[1].Preview == nil || len(page[1].Preview) != 0 || string(page[2].Preview) != "Large" {
		t.Errorf("previews %q and %q", page[1].Preview, page[2].Preview)
	}
	var refs []uint64
	own := message.EachThreadID(page[1].References, func(ref uint64) { refs = append(refs, ref) })
	if own != uint64(message.HashID("2@x")) || len(refs) != 1 || refs[0] != uint64(message.HashID("1@x")) {
		t.Errorf("ids %x of %x", own, refs)
	}
	if e, err := message.DecodeEnvelope(page[2].Envelope); err != nil || e.MessageID != "<3@x>" {
		t.Errorf("envelope %v, %v", e, err)
	}
}
