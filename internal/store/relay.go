package store

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
)

// Relay is a server that takes our mail for the world (a smarthost). Their
// order, in which they were added, is the one in which they are tried.
type Relay struct {
	ID       int64
	Host     string // lower case, or an IP address
	Port     int
	TLS      string // "implicit", "starttls" or "none"
	User     string // "" does not log in
	Password string // a token where OAuth is set
	For      string // domain of the recipients it is for, as message.Address has it; "" is all
	OAuth    bool   // log in with OAUTHBEARER (RFC 7628)
}

// SetRelay adds a relay, or changes the one of the same host, port and domain,
// which keeps its place. ErrBadName for what cannot be one.
func (s *Store) SetRelay(ctx context.Context, r Relay) error {
	r, err := r.clean()
	if err != nil {
		return err
	}
	return wrap("set relay "+r.Host, s.write(ctx, func(tx *tx) error {
		tx.queue() // mail that waits may have a way now
		return exec(tx.Conn, `INSERT INTO relay(host, port, domain, tls, user, password, oauth) VALUES(?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT(host, port, domain) DO UPDATE SET tls = excluded.tls, user = excluded.user,
			password = excluded.password, oauth = excluded.oauth`,
			r.Host, r.Port, r.For, r.TLS, r.User, r.Password, r.OAuth)
	}))
}

// clean is r as it is kept.
func (r Relay) clean() (Relay, error) {
	r.Host = relayHost(r.Host)
	if r.Host == "" || strings.ContainsAny(r.Host, " \t\r\n/@") || r.Port < 1 || r.Port > 65535 {
		return r, fmt.Errorf("relay %q, port %d: %w", r.Host, r.Port, ErrBadName)
	}
	switch r.TLS {
	case "implicit", "starttls", "none":
	default:
		return r, fmt.Errorf("relay %s: TLS %q: %w", r.Host, r.TLS, ErrBadName)
	}
	if strings.ContainsAny(r.User+r.Password, "\x00\r\n") { // RFC 4616 §2
		return r, fmt.Errorf("relay %s: name or password with control characters: %w", r.Host, ErrBadName)
	}
	var err error
	if r.For != "" {
		r.For, err = domainName(r.For)
	}
	return r, err
}

func relayHost(host string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
}

// Relays lists all, in the order in which they are tried.
func (s *Store) Relays(ctx context.Context) ([]Relay, error) {
	var list []Relay
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return each(c, `SELECT id, host, port, tls, user, password, domain, oauth FROM relay ORDER BY id`, func(st *sqlite.Stmt) {
			list = append(list, Relay{
				ID: st.ColumnInt64(0), Host: st.ColumnText(1), Port: st.ColumnInt(2), TLS: st.ColumnText(3),
				User: st.ColumnText(4), Password: st.ColumnText(5), For: st.ColumnText(6), OAuth: st.ColumnBool(7),
			})
		})
	})
	return list, wrap("list relays", err)
}

// RemoveRelay ends the use of a relay for the recipients of domain, "" being
// what stands in Relay.For of one for all; port 0 is any. ErrNoRelay.
func (s *Store) RemoveRelay(ctx context.Context, host string, port int, domain string) error {
	host = relayHost(host)
	if domain != "" {
		var err error
		if domain, err = domainName(domain); err != nil {
			return err
		}
	}
	return wrap("remove relay "+host, s.write(ctx, func(tx *tx) error {
		tx.queue()
		err := exec(tx.Conn, `DELETE FROM relay WHERE host = ?1 AND (port = ?2 OR ?2 = 0) AND domain = ?3`, host, port, domain)
		if err == nil && tx.Changes() == 0 {
			err = ErrNoRelay
		}
		return err
	}))
}
