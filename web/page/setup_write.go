package page

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"buzon/internal/publish"
)

// writeTime is how long a provider may take for all records of a domain: each is a request or two.
const writeTime = 2 * time.Minute

// writeData is what would change.
type writeData struct {
	setup
	Domain     string
	Address    string // typed, where the world reaches us
	NoAddress  bool
	Add        []changeView
	Replace    []changeView
	There      int
	Beyond     []changeView
	HasChanges bool
}

// changeView is a set of records that changes.
type changeView struct {
	Name, Type string
	About      string
	Want       []string
	Others     []string
	Key        string // of the box to tick; "" where nobody else's goes
}

// showWrite asks the provider what is there, and shows what would change.
func (p *Page) showWrite(r *request) (reply, error) {
	domain, err := p.setupDomain(r, r.FormValue("domain"))
	if err != nil {
		return nil, err
	}
	plan, err := p.plan(r, domain)
	if err != nil {
		return r.again(dnsPath(stepPath(stepDNS), domain), err)
	}
	d := r.writeData(plan)
	if d.setup, err = r.setupAt(stepDNS); err != nil {
		return nil, err
	}
	d.Address = r.FormValue("address")
	return r.render("setup_write", d)
}

// plan gives the provider's refusals in its own words: a person can mend them.
func (p *Page) plan(r *request, domain string) (publish.Plan, error) {
	if p.Publish == nil {
		return publish.Plan{}, fail("page_setup_dns_off")
	}
	addresses, err := r.typedAddresses()
	if err != nil {
		return publish.Plan{}, err
	}
	r.allowTime(writeTime)
	ctx, cancel := context.WithTimeout(r.Context(), writeTime)
	defer cancel()
	if len(addresses) > 0 {
		known, err := p.Publish.Addresses(ctx)
		if err != nil {
			return publish.Plan{}, err
		}
		addresses = append(addresses, slices.DeleteFunc(known, func(a netip.Addr) bool { return a == addresses[0] })...)
	}
	plan, err := p.Publish.Plan(ctx, domain, addresses)
	switch {
	case errors.Is(err, publish.ErrNoProvider), errors.Is(err, publish.ErrNoToken):
		return plan, fail("page_setup_dns_choose")
	case err != nil:
		return plan, fail("page_setup_dns_failed", "why", err)
	}
	return plan, nil
}

// typedAddresses is the address that the person knows and we do not.
func (r *request) typedAddresses() ([]netip.Addr, error) {
	text := strings.TrimSpace(r.FormValue("address"))
	if text == "" {
		return nil, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return nil, fail("page_setup_dns_address_bad", "address", text)
	}
	return []netip.Addr{a.Unmap()}, nil
}

// allowTime moves the end that the server sets an answer.
func (r *request) allowTime(d time.Duration) {
	err := http.NewResponseController(r.writer).SetWriteDeadline(time.Now().Add(d + time.Minute))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		r.page.Log.Debug("answer may come too late", "err", err)
	}
}

func (r *request) writeData(plan publish.Plan) writeData {
	d := writeData{Domain: plan.Domain, HasChanges: plan.Changes()}
	d.NoAddress = !slices.ContainsFunc(plan.Facts.Addresses, func(a netip.Addr) bool { return a.Unmap().Is4() })
	for _, i := range plan.Items {
		v := changeView{Name: i.Name, Type: i.Type, About: r.say(string(i.Purpose))}
		for _, w := range i.Want {
			v.Want = append(v.Want, w.Value)
		}
		for _, o := range i.Others {
			v.Others = append(v.Others, o.Type+" "+o.Value)
		}
		switch i.State {
		case publish.There:
			d.There++
		case publish.Add:
			d.Add = append(d.Add, v)
		case publish.Replace:
			if v.Key = replaceKey(i); len(i.Others) == 0 {
				v.Key = ""
			}
			d.Replace = append(d.Replace, v)
		case publish.Beyond:
			d.Beyond = append(d.Beyond, v)
		}
	}
	return d
}

// replaceKey is what a person agrees to: that these records of others go, and no others that came since.
func replaceKey(i publish.Item) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", i.Others))
	return fmt.Sprintf("%s %s %x", i.Name, i.Type, sum[:8])
}

// writeRecords is `buzon dns DOMAIN --write`: what is new, and of what is others' that which was ticked.
func (p *Page) writeRecords(r *request) (reply, error) {
	domain, err := p.setupDomain(r, r.field("domain"))
	if err != nil {
		return nil, err
	}
	back := dnsPath(stepPath(stepDNS), domain)
	plan, err := p.plan(r, domain)
	if err != nil {
		return r.again(back, err)
	}
	agreed := r.PostForm["replace"]
	ctx, cancel := context.WithTimeout(r.Context(), writeTime)
	defer cancel()
	done, err := p.Publish.Apply(ctx, plan, func(i publish.Item) bool { return slices.Contains(agreed, replaceKey(i)) })
	if err != nil {
		return r.again(back, fail("page_setup_dns_failed", "why", err))
	}
	r.audit("dns-write", "domain", domain, "sets", len(done))
	return r.back(back, "page_setup_dns_written", "count", len(done)), nil
}
