package store

import (
	"errors"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"
)

// errRecipient is a mistake of the caller: ours are delivered, not queued.
var errRecipient = errors.New("a queued recipient has no domain")

// outgoing is an Outgoing on its way into the file.
type outgoing struct {
	Outgoing
	variant *variant
}

// planSend checks what is to be queued. Who is named twice gets one job.
func planSend(list []Outgoing) ([]outgoing, error) {
	var all []outgoing
	for _, o := range list {
		var to []Recipient
		for _, r := range o.To {
			if r.Address.Domain == "" {
				return nil, errRecipient
			}
			if !slices.ContainsFunc(to, func(k Recipient) bool { return k.Address == r.Address }) {
				to = append(to, r)
			}
		}
		if len(to) > 1<<jobBits {
			return nil, fmt.Errorf("%d recipients in one envelope", len(to))
		}
		if o.To = to; len(to) > 0 {
			all = append(all, outgoing{Outgoing: o})
		}
	}
	return all, nil
}

// enqueue writes one envelope with its jobs, all due at once unless their domain is down.
func (p *acceptance) enqueue(tx *tx, o *outgoing) error {
	id, err := insertEnvelope(tx, o, p.logID, p.content.size)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	tx.queue()
	known := make(map[string]int64)
	for i, r := range o.To {
		dest, ok := known[r.Address.Domain]
		if !ok {
			if dest, err = destinationFor(tx, r.Address.Domain); err != nil {
				return fmt.Errorf("queue: %w", err)
			}
			known[r.Address.Domain] = dest
		}
		if err := insertJob(tx, firstJob(id)+JobID(i), dest, r); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
	}
	return nil
}

func insertEnvelope(tx *tx, o *outgoing, logID string, size int64) (EnvelopeID, error) {
	err := exec(tx.Conn, `INSERT INTO envelope(body, log, account, local, domain, envid, ret, requiretls, utf8, bodytype, size, queued)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.variant.body, logID, o.Account, o.From.Local, o.From.Domain, o.EnvID, o.Return,
		o.RequireTLS, o.UTF8, o.BodyType, size+int64(len(o.variant.prefix)), tx.now)
	return EnvelopeID(tx.LastInsertRowID()), err
}

// destinationFor is the row of a domain that gets a job due now, made when missing.
func destinationFor(tx *tx, domain string) (id int64, err error) {
	_, err = queryRow(tx.Conn, `INSERT INTO destination(domain, due) VALUES(?, ?) ON CONFLICT(domain) DO UPDATE
		SET due = min(ifnull(due, max(excluded.due, next)), max(excluded.due, next)) RETURNING id`,
		func(st *sqlite.Stmt) { id = st.ColumnInt64(0) }, domain, tx.now)
	return id, err
}

func insertJob(tx *tx, id JobID, dest int64, r Recipient) error {
	return exec(tx.Conn, `INSERT INTO job(id, destination, local, notify, original, next) VALUES(?, ?, ?, ?, ?, ?)`,
		id, dest, r.Address.Local, int64(r.Notify), r.Original, tx.now)
}
