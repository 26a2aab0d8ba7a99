package store

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Caller is who wants to bring mail.
type Caller struct {
	Client netip.Addr
	Hosts  []string          // its confirmed names, in A-labels or U-labels
	From   []message.Address // who sends: of the envelope, or of the header. Null ones match nothing
}

// Access is what the rules say of a caller.
type Access struct {
	Allow   Rule        // one that lets it in; zero ID: none. The box's before an account's
	Block   Rule        // one that keeps it out of everything asked about; zero ID: none. Never with Allow
	Allowed []AccountID // those that want it by a rule of their own
	Blocked []AccountID // those that do not
}

// Access asks the rules of the box and of the accounts, which a recipient leads to. What any of them lets in is let in.
// A caller is kept out by the box, or where every account keeps it out.
func (s *Store) Access(ctx context.Context, accounts []AccountID, caller Caller) (Access, error) {
	var found []Rule
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		found, err = matching(c, accounts, caller)
		return err
	})
	return decide(accounts, found), wrap("look at the rules", err)
}

// decide puts matching rules together.
func decide(accounts []AccountID, found []Rule) (a Access) {
	var last Rule // of an account that blocks
	for _, r := range found {
		switch {
		case r.Account == 0 && r.Allow, r.Allow && a.Allow.ID == 0:
			a.Allow = r
		case r.Account == 0:
			a.Block = r
		}
		switch {
		case r.Account == 0:
		case r.Allow:
			a.Allowed = appendOnce(a.Allowed, r.Account)
		default:
			a.Blocked, last = appendOnce(a.Blocked, r.Account), r
		}
	}
	a.Blocked = slices.DeleteFunc(a.Blocked, func(acc AccountID) bool { return slices.Contains(a.Allowed, acc) })
	if a.Block.ID == 0 && len(accounts) > 0 && len(a.Blocked) == len(accounts) {
		a.Block = last
	}
	if a.Allow.ID != 0 {
		a.Block = Rule{}
	}
	return a
}

func appendOnce(list []AccountID, acc AccountID) []AccountID {
	if slices.Contains(list, acc) {
		return list
	}
	return append(list, acc)
}

// matching finds the rules of the box and of the accounts that fit.
func matching(c *sqlite.Conn, accounts []AccountID, caller Caller) (found []Rule, err error) {
	add := func(st *sqlite.Stmt) error {
		if r := readRule(st); r.Account == 0 || slices.Contains(accounts, r.Account) {
			found = append(found, r)
		}
		return nil
	}
	const columns = `SELECT id, ifnull(account, 0), '', '', allow, kind, value, at FROM rule `
	if caller.Client.IsValid() {
		a := caller.Client.As16()
		if err := query(c, columns+`WHERE kind = 'network' AND low <= ?1 AND high >= ?1`, add, a[:]); err != nil {
			return nil, err
		}
	}
	for _, v := range caller.values() {
		if err := query(c, columns+`WHERE kind = ? AND value = ?`, add, v.kind, v.value); err != nil {
			return nil, err
		}
	}
	return found, nil
}

type ruleValue struct{ kind, value string }

// values are what a rule about the caller may say.
func (caller Caller) values() (all []ruleValue) {
	for _, from := range caller.From {
		if from.Domain == "" {
			continue
		}
		all = append(all, ruleValue{RuleAddress, from.Key()})
		all = appendNames(all, RuleDomain, from.Domain)
	}
	for _, host := range caller.Hosts {
		if name, err := domainName(host); err == nil {
			all = appendNames(all, RuleHost, name)
		}
	}
	return all
}

// maxAbove is how many names above another are looked up: more labels are made up.
const maxAbove = 10

// appendNames adds a name and those above it.
func appendNames(all []ruleValue, kind, name string) []ruleValue {
	for above := range maxAbove {
		all = append(all, ruleValue{kind, name})
		_, rest, more := strings.Cut(name, ".")
		if !more {
			break
		}
		if above == 0 && strings.Count(rest, ".") > maxAbove-2 { // the nearest to the root count
			labels := strings.Split(rest, ".")
			rest = strings.Join(labels[len(labels)-maxAbove+1:], ".")
		}
		name = rest
	}
	return all
}
