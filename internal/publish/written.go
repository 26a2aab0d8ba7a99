package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"buzon/internal/dnsupdate"
)

// noteWritten and a domain is the name of the note (store.Note) of what we wrote there.
const noteWritten = "dns.written "

// written is what we put there, or found as it should be.
func (d *Desk) written(ctx context.Context, domain string) (list []dnsupdate.Record, err error) {
	text, _, found, err := d.Store.Noted(ctx, noteWritten+domain)
	if err == nil && found {
		err = json.Unmarshal([]byte(text), &list)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was published: %w", err)
	}
	return list, nil
}

// remember keeps what is ours from now on. What is not written now stays known as it was.
func (d *Desk) remember(ctx context.Context, p Plan, done []Item) error {
	was, err := d.written(ctx, p.Domain)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(slices.Clone(was), func(r dnsupdate.Record) bool {
		return slices.ContainsFunc(p.Items, func(i Item) bool { return i.State == There && i.Name == r.Name && i.Type == r.Type })
	})
	for _, i := range p.Items {
		if i.State != There && !slices.ContainsFunc(done, func(d Item) bool { return d.Name == i.Name && d.Type == i.Type }) {
			continue
		}
		for _, r := range i.Want {
			if !slices.ContainsFunc(list, r.Same) {
				list = append(list, r)
			}
		}
	}
	if slices.Equal(list, was) {
		return nil // no write for a read
	}
	text, err := json.Marshal(list)
	if err == nil {
		err = d.Store.Note(ctx, noteWritten+p.Domain, string(text))
	}
	if err != nil {
		return fmt.Errorf("keep what is published: %w", err)
	}
	return nil
}
