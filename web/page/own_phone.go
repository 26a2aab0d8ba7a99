package page

import (
	"errors"
	"html/template"
	"strings"

	"buzon/internal/phone"
	"buzon/internal/store"
)

// phoneView is what a device gets: a code for its camera, or the settings as text.
type phoneView struct {
	Device string
	QR     template.HTML // "" where there is none
	Link   string        // what stands in it, where it may be typed
	Plain  string
	Back   string
	Hint   string // key of the text that says what to do
}

// qr is a code with a title for who cannot see it.
func (r *request) qr(text string) (template.HTML, error) {
	svg, err := phone.QR(text, r.say("page_phone_code"))
	return template.HTML(svg), err // of ours: squares and a title
}

// makePhone prepares a device: the next page shows what it needs, once.
func (p *Page) makePhone(r *request, acc store.Account, back string) (reply, error) {
	v := phoneView{Device: r.field("device"), Back: back}
	if v.Device == "" || len(v.Device) > maxDevice {
		return r.again(back, fail("page_error_device"))
	}
	settings := phone.New(acc.Name, acc.Address, p.NameFor(acc.Address.Domain))
	var err error
	switch r.field("kind") {
	case "apple":
		err = p.phoneLink(r, acc, settings, &v)
	case "android":
		err = p.phoneCode(r, acc, settings, &v)
	default:
		err = p.phonePlain(r, acc, settings, &v)
	}
	if errors.Is(err, phone.ErrFull) {
		err = fail("page_error_phone_full")
	}
	if err != nil {
		return r.again(back, err)
	}
	r.audit("phone", "account", acc.Address, "device", v.Device, "kind", r.field("kind"))
	r.session.keep(v)
	return r.redirect("/me/phone"), nil
}

// maxDevice is how long the name of a device may be, in octets.
const maxDevice = 100

// phoneLink is a one-time link to a profile; the password is made when it is opened.
func (p *Page) phoneLink(r *request, acc store.Account, s phone.Settings, v *phoneView) error {
	if p.Links == nil {
		return fail("page_error_no_links")
	}
	path, err := p.Links.Make(phone.Link{Account: acc.Address, Settings: s, Device: v.Device, Lang: r.words.Lang})
	if err != nil {
		return err
	}
	v.Link, v.Hint = p.origin(r, acc.Address.Domain)+path, "page_phone_apple_hint"
	v.QR, err = r.qr(v.Link)
	return err
}

// phoneCode is the code of Thunderbird for Android and K-9, which has the password in it.
func (p *Page) phoneCode(r *request, acc store.Account, s phone.Settings, v *phoneView) error {
	s, err := phone.Fresh(r.Context(), p.Store, acc.Address, s, v.Device)
	if err != nil {
		return err
	}
	v.Device, v.Hint = s.Device, "page_phone_android_hint"
	v.QR, err = r.qr(phone.Thunderbird(s))
	return err
}

func (p *Page) phonePlain(r *request, acc store.Account, s phone.Settings, v *phoneView) error {
	s, err := phone.Fresh(r.Context(), p.Store, acc.Address, s, v.Device)
	v.Device, v.Hint, v.Plain = s.Device, "page_phone_plain_hint", phone.Plain(s, r.words)
	return err
}

// origin is where a phone reaches us: under the name that it believes, else as this browser does.
func (p *Page) origin(r *request, domain string) string {
	if p.Trusted() && p.Reaches() {
		return "https://" + p.NameFor(domain)
	}
	if r.secure {
		return "https://" + r.Host
	}
	return "http://" + strings.ToLower(r.Host)
}

// showPhone shows what was prepared, and forgets it: it has a password in it.
func (p *Page) showPhone(r *request) (reply, error) {
	v, ok := r.session.take().(phoneView)
	if !ok {
		return r.redirect("/me"), nil
	}
	return r.render("phone", v)
}
