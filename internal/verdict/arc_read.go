package verdict

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"buzon/internal/dkim"
)

// read finds the fields of ARC and puts them into sets. What is wrong becomes the fault.
func (c *chain) read(header []dkim.Field) {
	for _, f := range header {
		var err error
		switch strings.ToLower(f.Name) {
		case "arc-authentication-results":
			err = c.addResults(f.Raw)
		case "arc-message-signature":
			err = c.addMessage(f.Raw)
		case "arc-seal":
			err = c.addSeal(f.Raw)
		}
		if err != nil && c.fault == nil {
			c.fault = err
		}
	}
	for _, s := range c.sets {
		if c.fault == nil && (s.resultsN != 1 || s.messageN != 1 || s.sealN != 1) { // RFC 8617 §5.2 (3)
			c.fault = errGap
		}
	}
	if c.fault != nil { // nothing of it is asked about
		for i := range c.sets {
			c.sets[i].message, c.sets[i].seal = nil, nil
		}
	}
}

// set is the set of an instance.
func (c *chain) set(instance int) (*arcSet, error) {
	if instance > maxSets {
		return nil, errLongChain
	}
	for len(c.sets) < instance {
		c.sets = append(c.sets, arcSet{})
	}
	return &c.sets[instance-1], nil
}

func (c *chain) addMessage(raw []byte) error {
	s, err := dkim.ParseMessageSignature(raw)
	if err != nil {
		return fmt.Errorf("message signature: %w", err)
	}
	set, err := c.set(s.Instance)
	if err == nil {
		set.messageRaw, set.message = raw, s
		set.messageN++
	}
	return err
}

func (c *chain) addSeal(raw []byte) error {
	s, err := dkim.ParseSeal(raw)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	set, err := c.set(s.Instance)
	if err == nil {
		set.sealRaw, set.seal = raw, s
		set.sealN++
	}
	return err
}

func (c *chain) addResults(raw []byte) error {
	instance, _, ok := cutInstance(raw)
	if !ok {
		return fmt.Errorf("results: %w", dkim.ErrSyntax)
	}
	set, err := c.set(instance)
	if err == nil {
		set.results = raw
		set.resultsN++
	}
	return err
}

// cutInstance takes "i=1;" off an ARC-Authentication-Results (RFC 8617 §4.1.1),
// and leaves what an Authentication-Results has.
func cutInstance(raw []byte) (instance int, rest string, ok bool) {
	_, value, _ := bytes.Cut(raw, []byte(":"))
	first, after, found := bytes.Cut(value, []byte(";"))
	name, number, _ := strings.Cut(string(first), "=")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if !found || strings.TrimSpace(name) != "i" || err != nil || n < 1 {
		return 0, "", false
	}
	return n, string(after), true
}
