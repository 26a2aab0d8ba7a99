package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"buzon/internal/message"
)

// BlockList is a list of addresses in DNS (RFC 5782) and what being on it costs.
type BlockList struct {
	Zone   string // lower case, without a final dot
	Points int
}

const (
	maxBlockLists = 10  // every connection of a stranger asks all of them
	maxPoints     = 100 // of one list
)

// parseBlockLists reads "zen.spamhaus.org:4, bl.example". A list without a number costs one point.
func parseBlockLists(text string) ([]BlockList, error) {
	text, err := parseText(text)
	if err != nil {
		return nil, err
	}
	var lists []BlockList
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		zone, number, weighed := strings.Cut(word, ":")
		l := BlockList{Zone: strings.TrimSuffix(zone, "."), Points: 1}
		if weighed {
			if l.Points, err = strconv.Atoi(number); err != nil || l.Points < 0 || l.Points > maxPoints {
				return nil, fmt.Errorf("the points of %q must be a number from 0 to %d", zone, maxPoints)
			}
		}
		if l.Zone == "" || !strings.Contains(l.Zone, ".") || checkHostName(l.Zone) != nil {
			return nil, fmt.Errorf("%q is no list such as zen.spamhaus.org:4", word)
		}
		if slices.ContainsFunc(lists, func(have BlockList) bool { return have.Zone == l.Zone }) {
			return nil, fmt.Errorf("%s is named twice", l.Zone)
		}
		lists = append(lists, l)
	}
	if len(lists) > maxBlockLists {
		return nil, errors.New("it must be " + strconv.Itoa(maxBlockLists) + " lists or fewer")
	}
	return lists, nil
}

func printBlockLists(lists []BlockList) string {
	words := make([]string, len(lists))
	for i, l := range lists {
		words[i] = l.Zone + ":" + strconv.Itoa(l.Points)
	}
	return strings.Join(words, ",")
}

// parseDomains reads domains between commas and spaces: lower case, sorted, each once.
func parseDomains(text string) ([]string, error) {
	text, err := parseText(text)
	if err != nil {
		return nil, err
	}
	var domains []string
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		a, err := message.ParseAddress("postmaster@" + word)
		if err != nil || strings.HasPrefix(a.Domain, "[") {
			return nil, fmt.Errorf("%q is not a domain", word)
		}
		domains = append(domains, a.Domain)
	}
	slices.Sort(domains)
	return slices.Compact(domains), nil
}
