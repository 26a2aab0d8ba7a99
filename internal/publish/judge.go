package publish

import (
	"slices"
	"strings"

	"buzon/internal/dnsupdate"
)

// judge tells what an item means for what is at its name.
func (i *Item) judge(at, ours []dnsupdate.Record) {
	var have, stay, over []dnsupdate.Record
	for _, r := range at {
		switch {
		case r.Type == i.Type && !slices.ContainsFunc(i.Want, r.Same) && !i.rivals(r):
			have, stay = append(have, r), append(stay, r)
		case r.Type == i.Type:
			have = append(have, r)
			if !slices.ContainsFunc(i.Want, r.Same) {
				over = append(over, r)
			}
		case r.Type == "CNAME" || i.Type == "CNAME": // RFC 1034 §3.6.2
			over = append(over, r)
		}
	}
	i.Others = slices.DeleteFunc(slices.Clone(over), func(r dnsupdate.Record) bool { return slices.ContainsFunc(ours, r.Same) })
	i.sets = append(i.sets, dnsupdate.Set{Name: i.Name, Type: i.Type, Have: have, Want: append(slices.Clone(i.Want), stay...)})
	i.clear(over)
	missing := slices.ContainsFunc(i.Want, func(w dnsupdate.Record) bool { return !slices.ContainsFunc(have, w.Same) })
	switch {
	case len(over) > 0:
		i.State = Replace
	case missing:
		i.State = Add
	default:
		i.State = There
	}
}

// clear adds the sets of other types that have to go.
func (i *Item) clear(over []dnsupdate.Record) {
	for _, r := range over {
		if r.Type == i.Type {
			continue
		}
		n := slices.IndexFunc(i.sets, func(s dnsupdate.Set) bool { return s.Type == r.Type })
		if n < 0 {
			n, i.sets = len(i.sets), append(i.sets, dnsupdate.Set{Name: i.Name, Type: r.Type})
		}
		i.sets[n].Have = append(i.sets[n].Have, r)
	}
}

// rivals tells whether a record of the same name and type cannot stand beside ours. Texts can, unless they are of the same
// kind: two of SPF (RFC 7208 §4.5), of DMARC or of a key are as good as none.
func (i *Item) rivals(r dnsupdate.Record) bool {
	if i.Type != "TXT" || strings.Contains(i.Name, "._domainkey.") {
		return true
	}
	return slices.ContainsFunc(i.Want, func(w dnsupdate.Record) bool { return kindOf(w.Value) == kindOf(r.Value) })
}

// kindOf is what a text is about: its first word, such as "v=spf1".
func kindOf(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), ";")
	first, _, _ = strings.Cut(first, " ")
	return strings.ToLower(first)
}
