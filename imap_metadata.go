package main

import (
	"context"

	"buzon/internal/imap"
	"buzon/internal/store"
)

// MetadataSize implements imap.Account.
func (a imapAccount) MetadataSize() int64 { return a.limits.MetadataSize }

// annotated is the mailbox whose annotations are meant; 0 is the account.
func (a imapAccount) annotated(ctx context.Context, name string) (store.MailboxID, error) {
	if name == "" {
		return 0, nil
	}
	m, err := a.store.Mailbox(ctx, a.account.ID, name)
	return m.ID, imapError(err)
}

// Annotations implements imap.Account.
func (a imapAccount) Annotations(ctx context.Context, mailbox string) ([]imap.Annotation, error) {
	box, err := a.annotated(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	list, err := a.store.Annotations(ctx, a.account.ID, box)
	out := make([]imap.Annotation, len(list))
	for i, x := range list {
		out[i] = imap.Annotation(x)
	}
	return out, imapError(err)
}

// Annotation implements imap.Account.
func (a imapAccount) Annotation(ctx context.Context, mailbox, entry string) ([]byte, error) {
	box, err := a.annotated(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	value, err := a.store.Annotation(ctx, a.account.ID, box, entry)
	return value, imapError(err)
}

// Annotate implements imap.Account.
func (a imapAccount) Annotate(ctx context.Context, mailbox string, list []imap.Annotation) error {
	box, err := a.annotated(ctx, mailbox)
	if err != nil {
		return err
	}
	out := make([]store.Annotation, len(list))
	for i, x := range list {
		out[i] = store.Annotation(x)
	}
	return imapError(a.store.Annotate(ctx, a.account.ID, box, out))
}
