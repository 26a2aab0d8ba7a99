package onward

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Posted is what became of a letter of ours.
type Posted struct {
	ID     string // under which the log and the history (store.Handled) know it
	Here   bool   // it is in a mailbox of this box
	Leaves bool   // it is queued for another server
	Signed bool   // what leaves bears our signature
}

// Post sends a letter (message.Letter) of an account, as if its mail program had submitted it. What is refused is a
// *message.Reply.
func (d *Desk) Post(ctx context.Context, acc store.Account, to message.Address, letter []byte, utf8 bool) (Posted, error) {
	found, err := d.Store.Resolve(ctx, to)
	switch {
	case errors.Is(err, store.ErrNoDomain):
		found = store.Resolution{Foreign: []message.Address{to}}
	case errors.Is(err, store.ErrNoAccount):
		return Posted{}, refuse(550, 5, 1, 1, fmt.Sprintf("There is no mailbox %s here", to))
	case err != nil:
		return Posted{}, fmt.Errorf("look up %s: %w", to, err)
	}
	id := strings.ToLower(rand.Text()[:12])
	plan, err := d.Submit(ctx, acc, Mail{
		ID: id, From: acc.Address, UTF8: utf8, BodyType: "8BITMIME", To: []Recipient{{Address: to, Found: found}},
		Body: io.NewSectionReader(bytes.NewReader(letter), 0, int64(len(letter))),
	})
	if err == nil {
		err = d.Store.Accept(ctx, plan.Incoming)
	}
	if err != nil {
		return Posted{}, err
	}
	d.Log.Info("accepted", "id", id, "service", "page", "from", acc.Address, "recipients", 1, "size", len(letter))
	d.Accepted(ctx, plan)
	p := Posted{ID: id, Here: len(found.Local) > 0}
	for _, out := range plan.Send {
		p.Leaves = p.Leaves || len(out.To) > 0
		p.Signed = p.Signed || bytes.Contains(out.Prefix, []byte("DKIM-Signature:"))
	}
	return p, nil
}
