package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"buzon/internal/message"
)

// HideRule is one entry of "imap.hide": a capability, and from whom it is
// hidden. With neither Account nor Client it is hidden from all.
type HideRule struct {
	Account    string // message.Address.Key
	Client     string // pattern of the name that the program gives with ID (RFC 2971); "*" and "?" are wildcards
	Capability string // upper case
}

// String is the rule as parseHide reads it.
func (r HideRule) String() string {
	switch {
	case r.Client != "":
		return "id=" + r.Client + ":" + r.Capability
	case r.Account != "":
		return r.Account + ":" + r.Capability
	}
	return r.Capability
}

// Matches tells whether the rule holds for an account, by its message.Address.Key,
// and what its program calls itself, "" where it has not said so.
func (r HideRule) Matches(account, client string) bool {
	switch {
	case r.Client != "":
		return matchPattern(strings.ToLower(r.Client), strings.ToLower(client))
	case r.Account != "":
		return r.Account == account
	}
	return true
}

// matchPattern lets "*" stand for anything and "?" for one octet. It goes back
// to the last "*" only, so no pattern costs more than its length times the text's.
func matchPattern(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// parseHide reads rules separated by commas or spaces, and puts them in order.
func parseHide(text string) ([]HideRule, error) {
	if _, err := parseText(text); err != nil {
		return nil, err
	}
	var rules []HideRule
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		r, err := parseHideRule(word)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b HideRule) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(rules), nil
}

func parseHideRule(word string) (r HideRule, err error) {
	who, capability := "", word
	if i := strings.LastIndexByte(word, ':'); i >= 0 {
		if who, capability = word[:i], word[i+1:]; who == "" {
			return r, fmt.Errorf("%q names neither an account nor a program before the colon", word)
		}
	}
	if r.Capability, err = parseCapability(capability); err != nil || who == "" {
		return r, err
	}
	if len(who) > 3 && strings.EqualFold(who[:3], "id=") {
		r.Client = who[3:]
		return r, nil
	}
	a, err := message.ParseAddress(who)
	if err != nil {
		return r, fmt.Errorf("%q is neither an account's address nor id= with the name of a program", who)
	}
	r.Account = a.Key()
	return r, nil
}

func parseCapability(word string) (string, error) {
	word = strings.ToUpper(word)
	if word == "" || strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=+-./_") != "" {
		return "", fmt.Errorf("%q is not the name of a capability", word)
	}
	if word == "IMAP4REV1" {
		return "", errors.New("IMAP4rev1 cannot be hidden: it is what is spoken here")
	}
	return word, nil
}

func printHide(rules []HideRule) string {
	words := make([]string, len(rules))
	for i, r := range rules {
		words[i] = r.String()
	}
	return printList(words)
}
