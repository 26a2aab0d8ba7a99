package dnsupdate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// DeSECURL is where deSEC's interface is (desec.readthedocs.io, version 1).
const DeSECURL = "https://desec.io/api/v1"

// desecTTL is the least that deSEC allows without asking, in seconds.
const desecTTL = 3600

// DeSEC writes with a token of an account that has the domain.
func DeSEC(base, token string, client *http.Client) Writer {
	d := &desec{api{base: base, client: client, header: http.Header{"Authorization": {"Token " + token}}}}
	return d.write
}

type desec struct{ api }

// desecSet is all records of a name and type: one cannot be written without the others.
type desecSet struct {
	Subname string   `json:"subname"`
	Type    string   `json:"type"`
	TTL     int      `json:"ttl"`
	Records []string `json:"records"`
}

func (d *desec) write(ctx context.Context, c Change) error {
	domain, err := d.domain(ctx, c.Name)
	if err != nil {
		return err
	}
	subname := strings.TrimSuffix(strings.TrimSuffix(c.Name, domain), ".")
	path := "/domains/" + domain + "/rrsets/"
	set := desecSet{Subname: subname, Type: "TXT", TTL: desecTTL}
	if err := d.call(ctx, http.MethodGet, path+subname+"/TXT/", nil, &set); err != nil && !is(err, http.StatusNotFound) {
		return err
	}
	text := `"` + c.Text + `"`
	have := slices.Contains(set.Records, text)
	if have != c.Remove {
		return nil
	}
	if c.Remove { // a set without records is removed
		set.Records = slices.DeleteFunc(set.Records, func(r string) bool { return r == text })
	} else {
		set.Records = append(set.Records, text)
	}
	if set.Records == nil {
		set.Records = []string{}
	}
	set.Subname, set.Type = subname, "TXT"
	return d.call(ctx, http.MethodPut, path, []desecSet{set}, nil)
}

// domain is the one of the account that a name is in: deSEC finds it itself.
func (d *desec) domain(ctx context.Context, name string) (string, error) {
	var found []struct{ Name string }
	if err := d.call(ctx, http.MethodGet, "/domains/?owns_qname="+url.QueryEscape(name), nil, &found); err != nil {
		return "", err
	}
	if len(found) == 0 || !strings.HasSuffix(name, found[0].Name) {
		return "", fmt.Errorf("the account has no domain for %s", name)
	}
	return found[0].Name, nil
}
