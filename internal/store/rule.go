package store

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// The kinds of rules: what Rule.Value is.
const (
	RuleAddress = "address" // of a sender
	RuleDomain  = "domain"  // of a sender, and those below it
	RuleHost    = "host"    // confirmed name of the sending host, and those below it
	RuleNetwork = "network" // IP address or CIDR prefix of the sending host
)

// Rule lets a sender in or keeps it out, for the box or for one account. One that lets in wins over all that keep out.
type Rule struct {
	ID      int64
	Account AccountID       // 0 is the box
	Owner   message.Address // of Account; set by Rules
	Allow   bool
	Kind    string // RuleAddress, …
	Value   string
	At      time.Time
}

// RuleKind tells what somebody typed: an address, a domain, a network, or with host the name of a server.
func RuleKind(who string, host bool) string {
	who = strings.TrimSpace(who)
	_, noAddr := netip.ParseAddr(who)
	_, noPrefix := netip.ParsePrefix(who)
	switch {
	case noAddr == nil || noPrefix == nil:
		return RuleNetwork
	case host:
		return RuleHost
	case strings.LastIndexByte(who, '@') > 0:
		return RuleAddress
	}
	return RuleDomain
}

// maxRules keeps the look-up for each recipient quick.
const maxRules = 10_000

// widest prefixes that a rule may name: a typing mistake must not shut out a continent.
const (
	widestIPv4 = 8
	widestIPv6 = 16
)

// AddRule adds a rule, or turns the one for the same value and account around. ErrBadName for a value that is none of its
// kind, ErrTooMany beyond 10,000, ErrNoAccount. It gives the rule as it is kept.
func (s *Store) AddRule(ctx context.Context, r Rule) (Rule, error) {
	row, err := r.clean()
	if err != nil {
		return r, err
	}
	return row.Rule, wrap("add rule "+r.Value, s.write(ctx, func(tx *tx) error {
		if r.Account != 0 {
			if err := mustBeAccount(tx.Conn, r.Account); err != nil {
				return err
			}
		}
		n, err := number(tx.Conn, "SELECT count(*) FROM rule")
		if err == nil && n >= maxRules {
			err = ErrTooMany
		}
		if err != nil {
			return err
		}
		return exec(tx.Conn, `INSERT INTO rule(account, allow, kind, value, low, high, at) VALUES(nullif(?, 0), ?, ?, ?, ?, ?, ?)
			ON CONFLICT(kind, value, ifnull(account, 0)) DO UPDATE SET allow = excluded.allow, at = excluded.at`,
			r.Account, r.Allow, row.Kind, row.Value, row.low, row.high, tx.now)
	}))
}

// ruleRow is a rule as it is kept.
type ruleRow struct {
	Rule
	low, high []byte // of a network
}

// clean brings the value into the one form of its kind.
func (r Rule) clean() (ruleRow, error) {
	row := ruleRow{Rule: r}
	bad := fmt.Errorf("%s %q: %w", r.Kind, r.Value, ErrBadName)
	switch r.Kind {
	case RuleAddress:
		a, err := message.ParseAddress(r.Value)
		if err != nil || a.Domain == "" {
			return row, bad
		}
		row.Value = a.Key()
	case RuleDomain, RuleHost:
		name, err := domainName(r.Value)
		if err != nil {
			return row, bad
		}
		row.Value = name
	case RuleNetwork:
		p, ok := parseNetwork(r.Value)
		if !ok {
			return row, bad
		}
		row.Value = networkText(p)
		row.low, row.high = networkEnds(p)
	default:
		return row, bad
	}
	return row, nil
}

// parseNetwork reads an address or a prefix.
func parseNetwork(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return p, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	widest := widestIPv6
	if p.Addr().Is4() {
		widest = widestIPv4
	}
	return p.Masked(), p.Bits() >= widest && !p.Addr().Is4In6()
}

// networkText writes a prefix of one address as that address.
func networkText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// networkEnds are the first and last address of a prefix as 16 octets, IPv4 in the form ::ffff:192.0.2.1.
func networkEnds(p netip.Prefix) (low, high []byte) {
	first := p.Addr().As16()
	last := first
	host := p.Addr().BitLen() - p.Bits() // bits
	for i := range host {
		last[15-i/8] |= 1 << (i % 8)
	}
	return first[:], last[:]
}

// RemoveRule ends a rule. ErrNoRule where there is none of that value that says the same, ErrBadName.
func (s *Store) RemoveRule(ctx context.Context, r Rule) error {
	row, err := r.clean()
	if err != nil {
		return err
	}
	return wrap("remove rule "+r.Value, s.write(ctx, func(tx *tx) error {
		err := exec(tx.Conn, `DELETE FROM rule WHERE kind = ? AND value = ? AND ifnull(account, 0) = ? AND allow = ?`,
			row.Kind, row.Value, row.Account, row.Allow)
		if err == nil && tx.Changes() == 0 {
			err = ErrNoRule
		}
		return err
	}))
}

// rulePage is how many rules are held at a time.
const rulePage = 200

// Rules gives all rules that let in, or all that keep out, in the order in which they were made. Nothing is held meanwhile.
func (s *Store) Rules(ctx context.Context, allow bool, give func(Rule) error) error {
	for after := int64(0); ; {
		page, err := s.rulesPage(ctx, allow, after, rulePage)
		if err != nil || len(page) == 0 {
			return wrap("list rules", err)
		}
		for _, r := range page {
			if err := give(r); err != nil {
				return err
			}
			after = r.ID
		}
	}
}

func readRule(st *sqlite.Stmt) Rule {
	return Rule{
		ID: st.ColumnInt64(0), Account: AccountID(st.ColumnInt64(1)),
		Owner: message.Address{Local: st.ColumnText(2), Domain: st.ColumnText(3)},
		Allow: st.ColumnBool(4), Kind: st.ColumnText(5), Value: st.ColumnText(6), At: columnTime(st, 7),
	}
}
