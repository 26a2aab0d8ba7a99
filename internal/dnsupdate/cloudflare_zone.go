package dnsupdate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// CloudflareZone is Cloudflare as a Provider, with a token that may read zones and edit their DNS.
func CloudflareZone(base, token string, client *http.Client) Provider {
	plain := &cloudflare{api{base: base, client: client, header: http.Header{"Authorization": {"Bearer " + token}}}}
	c := &cloudflareZones{cloudflare: plain, known: map[string]string{}}
	return Provider{Read: c.read, Put: c.put, Holds: everything}
}

// cloudflareZones remembers which zones there are, as long as it is used: a domain's records have twenty names.
type cloudflareZones struct {
	*cloudflare
	mu    sync.Mutex
	known map[string]string // identifiers by name; "" is none
}

// zone is the identifier of the zone that a name is in, or is.
func (c *cloudflareZones) zone(ctx context.Context, name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, zone := range zones("_." + name) {
		id, seen := c.known[zone]
		if !seen {
			var err error
			if id, err = c.zoneNamed(ctx, zone); err != nil {
				return "", err
			}
			c.known[zone] = id
		}
		if id != "" {
			return id, nil
		}
	}
	return "", fmt.Errorf("the token has no zone for %s", name)
}

// cloudflareItem is a record with what Cloudflare keeps beside its content.
type cloudflareItem struct {
	ID       string          `json:"id,omitempty"`
	Type     string          `json:"type"`
	Name     string          `json:"name"`
	Content  string          `json:"content,omitempty"`
	TTL      int             `json:"ttl"`
	Priority *int            `json:"priority,omitempty"`
	Data     *cloudflareData `json:"data,omitempty"` // of SRV
	Proxied  *bool           `json:"proxied,omitempty"`
}

type cloudflareData struct {
	Priority int    `json:"priority"`
	Weight   int    `json:"weight"`
	Port     int    `json:"port"`
	Target   string `json:"target"`
}

func (c *cloudflareZones) items(ctx context.Context, zone, name string) ([]cloudflareItem, error) {
	var found struct{ Result []cloudflareItem }
	err := c.call(ctx, http.MethodGet, "/zones/"+zone+"/dns_records?per_page=100&name="+url.QueryEscape(name), nil, &found)
	return slices.DeleteFunc(found.Result, func(i cloudflareItem) bool { return !strings.EqualFold(i.Name, name) }), err
}

func (c *cloudflareZones) read(ctx context.Context, name string, _ []string) ([]Record, error) {
	zone, err := c.zone(ctx, name)
	if err != nil {
		return nil, err
	}
	items, err := c.items(ctx, zone, name)
	var list []Record
	for _, i := range items {
		if slices.Contains(Kinds(), i.Type) {
			list = append(list, i.record())
		}
	}
	return list, err
}

// record is an item as we have it.
func (i cloudflareItem) record() Record {
	r := Record{Name: strings.ToLower(i.Name), Type: i.Type, TTL: i.TTL, Value: i.Content}
	switch {
	case i.Type == "TXT":
		r.Value = unquote(i.Content)
	case i.Type == "MX" && i.Priority != nil:
		r.Value = fmt.Sprintf("%d %s.", *i.Priority, strings.TrimSuffix(i.Content, "."))
	case i.Type == "SRV" && i.Data != nil:
		r.Value = fmt.Sprintf("%d %d %d %s.", i.Data.Priority, i.Data.Weight, i.Data.Port, strings.TrimSuffix(i.Data.Target, "."))
	case i.Type == "CNAME":
		r.Value = strings.TrimSuffix(i.Content, ".") + "."
	}
	return r
}

// cloudflareOf is a record as Cloudflare wants it. What it would put before itself (a proxy) carries no mail.
func cloudflareOf(r Record) (cloudflareItem, error) {
	i := cloudflareItem{Type: r.Type, Name: r.Name, Content: r.Value, TTL: max(r.TTL, ttl)}
	fields := strings.Fields(r.Value)
	numbers := make([]int, max(0, len(fields)-1))
	for n := range numbers {
		if r.Type != "MX" && r.Type != "SRV" {
			break
		}
		var err error
		if numbers[n], err = strconv.Atoi(fields[n]); err != nil {
			return i, fmt.Errorf("%s %s: %q", r.Name, r.Type, r.Value)
		}
	}
	switch {
	case r.Type == "TXT":
		i.Content = quote(r.Value)
	case r.Type == "MX" && len(numbers) == 1:
		i.Content, i.Priority = strings.TrimSuffix(fields[1], "."), &numbers[0]
	case r.Type == "SRV" && len(numbers) == 3:
		target := fields[3]
		if target != "." {
			target = strings.TrimSuffix(target, ".")
		}
		i.Content, i.Data = "", &cloudflareData{numbers[0], numbers[1], numbers[2], target}
	case r.Type == "CNAME":
		i.Content, i.Proxied = strings.TrimSuffix(r.Value, "."), new(bool)
	case r.Type == "A", r.Type == "AAAA":
		i.Proxied = new(bool)
	default:
		return i, fmt.Errorf("%s %s: %q", r.Name, r.Type, r.Value)
	}
	return i, nil
}

// put removes first: a CNAME does not come beside others (RFC 1034 §3.6.2).
func (c *cloudflareZones) put(ctx context.Context, sets []Set) error {
	for _, s := range sets {
		if err := c.drop(ctx, s); err != nil {
			return err
		}
	}
	for _, s := range sets {
		if err := c.add(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// drop removes what was read and is wanted no more; what came since stays.
func (c *cloudflareZones) drop(ctx context.Context, s Set) error {
	over := without(s.Have, s.Want)
	if len(over) == 0 {
		return nil
	}
	zone, err := c.zone(ctx, s.Name)
	if err != nil {
		return err
	}
	items, err := c.items(ctx, zone, s.Name)
	if err != nil {
		return err
	}
	for _, i := range items {
		if !slices.ContainsFunc(over, i.record().Same) {
			continue
		}
		err := c.call(ctx, http.MethodDelete, "/zones/"+zone+"/dns_records/"+i.ID, nil, nil)
		if err != nil && !is(err, http.StatusNotFound) {
			return err
		}
	}
	return nil
}

func (c *cloudflareZones) add(ctx context.Context, s Set) error {
	missing := without(s.Want, s.Have)
	if len(missing) == 0 {
		return nil
	}
	zone, err := c.zone(ctx, s.Name)
	if err != nil {
		return err
	}
	for _, r := range missing {
		item, err := cloudflareOf(r)
		if err != nil {
			return err
		}
		err = c.call(ctx, http.MethodPost, "/zones/"+zone+"/dns_records", item, nil)
		if err != nil && !strings.Contains(err.Error(), "identical record") { // of an attempt that ended before its time
			return err
		}
	}
	return nil
}
