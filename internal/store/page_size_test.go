package store

import (
	"fmt"
	"strings"
	"testing"

	"buzon/internal/uidset"
)

// Messages with a thousand recipients each must not make a page large, and all of them are still listed.
func TestPageIsBoundedInOctets(t *testing.T) {
	t.Parallel()
	s := openMail(t)
	acc, inbox := person(t, s, "ana", 0)
	var to strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&to, "Somebody Number %d <somebody.%d@example.test>,\r\n ", i, i)
	}
	const messages = 40
	for i := range messages {
		accept(t, s, fmt.Sprintf("Subject: %d\r\nTo: %s Last <last@example.test>\r\n\r\nx\r\n", i, to.String()), Delivery{Account: acc})
	}
	all := uidset.Of(uidset.Range{Lo: 1, Hi: messages})
	var page []Message
	var err error
	listed, largest := 0, 0
	for from := uint32(1); from <= messages; {
		if page, err = s.Page(t.Context(), inbox, all, from, 200, WithEnvelope|WithStructure, page[:0]); err != nil || len(page) == 0 {
			t.Fatal(len(page), err)
		}
		size := 0
		for i := range page {
			size += len(page[i].Envelope) + len(page[i].Structure)
		}
		listed, largest = listed+len(page), max(largest, size)
		from = page[len(page)-1].UID + 1
	}
	if listed != messages || largest > maxArena+256<<10 {
		t.Errorf("%d messages listed, the largest page has %d octets", listed, largest)
	}
}
