package page

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"buzon/internal/store"
	"buzon/internal/text"
)

// request is one request of somebody, with their words.
type request struct {
	*http.Request
	page    *Page
	writer  http.ResponseWriter
	words   *text.Catalogue
	secure  bool
	from    netip.Addr
	session *session      // nil until they log in
	account store.Account // whose session it is, as it is now
}

func (p *Page) newRequest(w http.ResponseWriter, hr *http.Request, secure bool) *request {
	r := &request{Request: hr, page: p, writer: w, secure: secure, from: addressOf(hr)}
	r.words = p.views.catalogue(language(hr))
	return r
}

// say is the text of key in their language.
func (r *request) say(key string, pairs ...any) string { return r.words.Say(key, pairs...) }

// problem is what a person did wrong, or can mend, in their own words.
type problem struct {
	key   string
	pairs []any
}

func (p *problem) Error() string { return fmt.Sprint(p.key, " ", p.pairs) }

// fail makes a problem of a text's key and its pairs.
func fail(key string, pairs ...any) error { return &problem{key, pairs} }

// sentence is what to tell a person of an error; "" if it is none of theirs.
func (r *request) sentence(err error) string {
	var p *problem
	if errors.As(err, &p) {
		return r.say(p.key, p.pairs...)
	}
	for _, known := range knownErrors() {
		if errors.Is(err, known.err) {
			return r.say(known.key)
		}
	}
	return ""
}

// knownErrors are the store's, in words.
func knownErrors() []struct {
	err error
	key string
} {
	return []struct {
		err error
		key string
	}{
		{store.ErrNoAccount, "page_error_no_account"},
		{store.ErrNoDomain, "page_error_no_domain"},
		{store.ErrExists, "page_error_exists"},
		{store.ErrInUse, "page_error_in_use"},
		{store.ErrBadName, "page_error_bad_name"},
		{store.ErrBadPassword, "page_error_bad_password"},
		{store.ErrTooMany, "page_error_too_many"},
		{store.ErrNoAlias, "page_error_no_alias"},
		{store.ErrLastAdmin, "page_error_last_admin"},
	}
}

// redirect leads to another of our pages (RFC 9110 §15.4.4: with GET, whatever this was).
func (r *request) redirect(path string) reply {
	return func(w http.ResponseWriter) error {
		w.Header().Set("Location", path)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
}

// back leads to a page, which tells once what was done.
func (r *request) back(path, key string, pairs ...any) reply {
	r.session.tell(notice{Text: r.say(key, pairs...)})
	return r.redirect(path)
}

// again leads back to the page of a form that was not right, and tells why there. What is no problem of the person's stays an error.
func (r *request) again(path string, err error) (reply, error) {
	sentence := r.sentence(err)
	if sentence == "" || r.session == nil {
		return nil, err
	}
	r.session.tell(notice{Text: sentence, Bad: true})
	return r.redirect(path), nil
}

// apologise is the answer to an error: a problem in words, anything else in the log.
func (r *request) apologise(err error) reply {
	if sentence := r.sentence(err); sentence != "" {
		return r.note(http.StatusUnprocessableEntity, sentence)
	}
	if r.Context().Err() == nil {
		r.page.Log.Error("page failed", "path", r.URL.Path, "err", err)
	}
	return r.status(http.StatusInternalServerError, "page_error_ours")
}

// audit is the line in the log that a change leaves.
func (r *request) audit(what string, pairs ...any) {
	r.page.Log.Info("page", append([]any{"what", what, "who", r.account.Address, "from", r.from}, pairs...)...)
}

// field is a field of the form, without the blanks around it.
func (r *request) field(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// addressOf is who asks.
func addressOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // of no network of ours
	}
	return peer.Addr().Unmap().WithZone("")
}
