package store

import "buzon/internal/message"

// arrive is what becomes of mail that has come to an account: delivered there, or sent on, or both.
func (r *resolver) arrive(account Account) error {
	if !r.forwards {
		r.deliver(account)
		return nil
	}
	f, found, err := findForward(r.c, account.ID)
	if err != nil {
		return err
	}
	if !found || f.Keep {
		r.deliver(account)
	}
	if !found || r.routes.forwarded(account, r.at) {
		return nil
	}
	return r.sendOn(f)
}

// sendOn follows the targets in our domains and notes those in others.
func (r *resolver) sendOn(f Forward) error {
	var foreign []message.Address
	for _, t := range f.Targets {
		local, err := isLocal(r.c, t.Domain)
		if err != nil {
			return err
		}
		if local {
			r.follow(t)
			continue
		}
		r.routes.end(r.at)
		if key := t.Key(); !r.seen[key] { // an alias may lead there as well
			r.seen[key] = true
			foreign = append(foreign, t)
		}
	}
	if len(foreign) > 0 {
		f.Targets = foreign
		r.Forwards = append(r.Forwards, f)
	}
	return nil
}

// rescue delivers to accounts whose mail would be lost: they send it on to one
// another in a circle, or to an address of ours that is no more.
func (r *resolver) rescue() {
	for _, f := range r.routes.forwarders {
		if !r.routes.arrives(f.at, make(map[string]bool)) {
			r.at = f.at // for the others of a circle
			r.deliver(f.account)
		}
	}
}

// routes is which address leads to which, by Address.Key.
type routes struct {
	to         map[string][]string
	ends       map[string]bool // where mail is delivered, or leaves
	forwarders []forwarder
}

type forwarder struct {
	account Account
	at      string
}

func (r *routes) lead(from, to string) {
	if r.to == nil {
		r.to = make(map[string][]string)
	}
	r.to[from] = append(r.to[from], to)
}

func (r *routes) end(at string) {
	if r.ends == nil {
		r.ends = make(map[string]bool)
	}
	r.ends[at] = true
}

// forwarded notes that an account sends its mail on, and tells whether it was
// noted before, under another of its names.
func (r *routes) forwarded(account Account, at string) bool {
	for _, f := range r.forwarders {
		if f.account.ID == account.ID {
			r.lead(at, f.at)
			return true
		}
	}
	r.forwarders = append(r.forwarders, forwarder{account, at})
	return false
}

// arrives tells whether mail that has come to at comes to an end.
func (r *routes) arrives(at string, seen map[string]bool) bool {
	if r.ends[at] {
		return true
	}
	seen[at] = true
	for _, next := range r.to[at] {
		if !seen[next] && r.arrives(next, seen) {
			return true
		}
	}
	return false
}
