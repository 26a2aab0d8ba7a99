package page

import (
	"errors"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

// aliasesView is a page of the aliases.
type aliasesView struct {
	Aliases []aliasView
	More    string
}

type aliasView struct{ Alias, Targets string }

func (p *Page) showAliases(r *request) (reply, error) {
	all, err := p.Store.Aliases(r.Context())
	if err != nil {
		return nil, err
	}
	var v aliasesView
	all, v.More = slice(r, all)
	for _, a := range all {
		v.Aliases = append(v.Aliases, aliasView{aliasText(a.Address), strings.Join(addressTexts(a.Targets), ", ")})
	}
	return r.render("aliases", v)
}

// alias reads an address, or "@domain" for all addresses of a domain that nobody else has.
func (r *request) alias() (message.Address, error) {
	name, all := strings.CutPrefix(r.field("alias"), "@")
	if !all {
		return r.address("alias")
	}
	a, err := message.ParseAddress("postmaster@" + name)
	if err != nil {
		return a, fail("page_error_domain")
	}
	return message.Address{Domain: a.Domain}, nil
}

func aliasText(a message.Address) string {
	if a.Local == "" {
		return "@" + a.Domain
	}
	return a.String()
}

func addressTexts(list []message.Address) []string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return texts
}

// addresses reads addresses that stand between commas or blanks.
func (r *request) addresses(field string) ([]message.Address, error) {
	var list []message.Address
	for _, word := range strings.FieldsFunc(r.field(field), func(c rune) bool { return strings.ContainsRune(", ;\r\n\t", c) }) {
		a, err := message.ParseAddress(word)
		if err != nil || a.Domain == "" {
			return nil, fail("page_error_address", "address", word)
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, fail("page_error_address", "address", "")
	}
	return list, nil
}

func (p *Page) addAlias(r *request) (reply, error) {
	const back = "/people/aliases"
	a, err := r.alias()
	if err != nil {
		return r.again(back, err)
	}
	targets, err := r.addresses("targets")
	if err != nil {
		return r.again(back, err)
	}
	if _, err := p.Store.Account(r.Context(), a); err == nil { // an alias of this name would never be used
		return r.again(back, store.ErrExists)
	} else if !errors.Is(err, store.ErrNoAccount) {
		return nil, err
	}
	if err := p.Store.AddAlias(r.Context(), a, targets); err != nil {
		return r.again(back, err)
	}
	r.audit("alias-add", "alias", aliasText(a))
	return r.back(back, "page_alias_added", "alias", aliasText(a)), nil
}

func (p *Page) removeAlias(r *request) (reply, error) {
	a, err := r.alias()
	if err == nil {
		err = p.Store.RemoveAlias(r.Context(), a)
	}
	if err != nil {
		return r.again("/people/aliases", err)
	}
	r.audit("alias-remove", "alias", aliasText(a))
	return r.back("/people/aliases", "page_alias_removed", "alias", aliasText(a)), nil
}
