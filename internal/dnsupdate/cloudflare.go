package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CloudflareURL is where Cloudflare's interface is (developers.cloudflare.com/api, version 4).
const CloudflareURL = "https://api.cloudflare.com/client/v4"

// Cloudflare writes with a token that may read zones and edit their DNS.
func Cloudflare(base, token string, client *http.Client) Writer {
	c := &cloudflare{api{base: base, client: client, header: http.Header{"Authorization": {"Bearer " + token}}}}
	return c.write
}

type cloudflare struct{ api }

type cloudflareRecord struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Content string `json:"content"`
	TTL     int    `json:"ttl"`
}

func (c *cloudflare) write(ctx context.Context, change Change) error {
	zone, err := c.zone(ctx, change.Name)
	if err != nil {
		return err
	}
	if change.Remove {
		return c.remove(ctx, zone, change)
	}
	record := cloudflareRecord{Type: "TXT", Name: change.Name, Content: `"` + change.Text + `"`, TTL: ttl}
	err = c.call(ctx, http.MethodPost, "/zones/"+zone+"/dns_records", record, nil)
	if is(err, http.StatusBadRequest) && strings.Contains(err.Error(), "already exists") {
		return nil // of an attempt that ended before its time
	}
	return err
}

// zone is the identifier of the zone that a name is in.
func (c *cloudflare) zone(ctx context.Context, name string) (string, error) {
	for _, zone := range zones(name) {
		if id, err := c.zoneNamed(ctx, zone); err != nil || id != "" {
			return id, err
		}
	}
	return "", fmt.Errorf("the token has no zone for %s", name)
}

// zoneNamed is the identifier of the zone of a name, "" if there is none.
func (c *cloudflare) zoneNamed(ctx context.Context, name string) (string, error) {
	var found struct{ Result []struct{ ID string } }
	err := c.call(ctx, http.MethodGet, "/zones?name="+url.QueryEscape(name), nil, &found)
	if err != nil || len(found.Result) == 0 {
		return "", err
	}
	return found.Result[0].ID, nil
}

func (c *cloudflare) remove(ctx context.Context, zone string, change Change) error {
	var found struct{ Result []cloudflareRecord }
	if err := c.call(ctx, http.MethodGet, "/zones/"+zone+"/dns_records?type=TXT&name="+url.QueryEscape(change.Name), nil, &found); err != nil {
		return err
	}
	var errs []error
	for _, r := range found.Result {
		if strings.Trim(r.Content, `"`) != change.Text {
			continue
		}
		if err := c.call(ctx, http.MethodDelete, "/zones/"+zone+"/dns_records/"+r.ID, nil, nil); !is(err, http.StatusNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
