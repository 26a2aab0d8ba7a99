package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// maxResolved is how many addresses one recipient may lead to over all its
// aliases, their aliases, and so on. What is beyond is an alias gone wild: an
// error, and the mail waits at its sender until somebody looks.
const maxResolved = 1000 // addresses

var errAliasTooWide = errors.New("store: alias leads to too many addresses")

// Resolution is what became of a recipient address.
type Resolution struct {
	Local    []Account         // distinct accounts the mail is delivered to
	Foreign  []message.Address // targets of aliases in other domains
	Forwards []Forward         // of accounts that send it on; with the targets in other domains alone, each named once
}

// Resolve follows accounts, their forwards, aliases (loops cut), plus addresses,
// postmaster and abuse (of any local domain, or postmaster with no domain: alias
// or account of that name, else the first account), then catch-all. ErrNoAccount:
// the domain is ours and nobody there has that name. ErrNoDomain: not our domain.
func (s *Store) Resolve(ctx context.Context, a message.Address) (Resolution, error) {
	return s.resolve(ctx, a, true)
}

func (s *Store) resolve(ctx context.Context, a message.Address, forwards bool) (Resolution, error) {
	var r resolver
	err := s.read(ctx, func(c *sqlite.Conn) error {
		r = resolver{c: c, seen: make(map[string]bool), first: a, forwards: forwards}
		return r.run()
	})
	if err != nil {
		return Resolution{}, fmt.Errorf("resolve %s: %w", a, err)
	}
	return r.Resolution, nil
}

// MaySend tells whether the account may use a as its sender: its own address,
// plus addresses of it, and every address whose mail comes to it by aliases,
// alone or among others. Forwards do not count: whoever sends on his mail stays
// himself, and does not become the other.
func (s *Store) MaySend(ctx context.Context, acc AccountID, a message.Address) (bool, error) {
	r, err := s.resolve(ctx, a, false)
	if errors.Is(err, ErrNoAccount) || errors.Is(err, ErrNoDomain) {
		return false, nil
	}
	for _, account := range r.Local {
		if account.ID == acc {
			return true, err
		}
	}
	return false, err
}

// resolver walks from one address to all that it leads to.
type resolver struct {
	Resolution
	c       *sqlite.Conn
	first   message.Address
	pending []message.Address
	seen    map[string]bool // by Address.Key: what was or is to be looked at

	forwards bool // whether they are followed
	at       string
	routes   routes
}

func (r *resolver) run() error {
	start, err := r.start()
	if err != nil {
		return err
	}
	r.follow(start)
	for len(r.pending) > 0 {
		a := r.pending[0]
		r.pending = r.pending[1:]
		r.at = a.Key()
		if err := r.visit(a); err != nil {
			return err
		}
		if len(r.seen) > maxResolved {
			return errAliasTooWide
		}
	}
	r.rescue()
	if len(r.Local) == 0 && len(r.Foreign) == 0 && len(r.Forwards) == 0 { // also an alias that leads nowhere
		return ErrNoAccount
	}
	return nil
}

// start gives the bare "postmaster" of RFC 5321 §4.5.1 a domain: the first
// account's.
func (r *resolver) start() (message.Address, error) {
	if r.first.Domain != "" {
		return r.first, nil
	}
	owner, found, err := r.owner()
	if err == nil && (!found || !strings.EqualFold(r.first.Local, "postmaster")) {
		err = ErrNoAccount
	}
	return message.Address{Local: r.first.Local, Domain: owner.Address.Domain}, err
}

func (r *resolver) follow(a message.Address) {
	key := a.Key()
	r.routes.lead(r.at, key)
	if !r.seen[key] {
		r.seen[key] = true
		r.pending = append(r.pending, a)
	}
}

// visit looks at one address. The usual recipient, an account by its own name, costs one look-up.
func (r *resolver) visit(a message.Address) error {
	found, err := r.exact(a)
	if err != nil || found {
		return err
	}
	local, err := isLocal(r.c, a.Domain)
	if err != nil {
		return err
	}
	if local {
		return r.inexact(a)
	}
	if a == r.first {
		return ErrNoDomain
	}
	r.Foreign = append(r.Foreign, a)
	r.routes.end(r.at)
	return nil
}

// exact finds the account or the alias of that name.
func (r *resolver) exact(a message.Address) (bool, error) {
	key := a.Key()
	account, found, err := findAccount(r.c, key)
	if err != nil {
		return false, err
	}
	if found {
		return true, r.arrive(account)
	}
	return r.alias(key)
}

// inexact finds who else takes mail for a name that nobody in our domain has.
func (r *resolver) inexact(a message.Address) error {
	if base, _, plus := strings.Cut(a.Local, "+"); plus && base != "" {
		a.Local = base // ana+shop@ is ana's
		if found, err := r.exact(a); err != nil || found {
			return err
		}
	}
	if isRole(a.Local) {
		return r.toOwner()
	}
	_, err := r.alias("@" + a.Domain)
	return err
}

// isRole tells of the names that must always work: RFC 5321 §4.5.1, RFC 2142 §4.
func isRole(local string) bool {
	return strings.EqualFold(local, "postmaster") || strings.EqualFold(local, "abuse")
}

// alias follows the targets of an alias and tells whether there is one.
func (r *resolver) alias(key string) (found bool, err error) {
	err = query(r.c, "SELECT target_local, target_domain FROM alias WHERE key = ?", func(st *sqlite.Stmt) error {
		found = true
		r.follow(message.Address{Local: st.ColumnText(0), Domain: st.ColumnText(1)})
		return nil
	}, key)
	return found, err
}

func (r *resolver) toOwner() error {
	owner, found, err := r.owner()
	if err == nil && found {
		err = r.arrive(owner)
	}
	return err
}

// owner is the first account: whoever set the box up.
func (r *resolver) owner() (a Account, found bool, err error) {
	found, err = queryRow(r.c, "SELECT "+accountColumns+" FROM account a ORDER BY a.id LIMIT 1",
		func(st *sqlite.Stmt) { a = readAccount(st) })
	return a, found, err
}

// deliver adds an account once: a plus address and an alias may lead to it as well.
func (r *resolver) deliver(account Account) {
	r.routes.end(r.at)
	for _, have := range r.Local {
		if have.ID == account.ID {
			return
		}
	}
	r.Local = append(r.Local, account)
}
