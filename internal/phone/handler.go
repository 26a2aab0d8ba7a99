package phone

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"buzon/internal/store"
	"buzon/internal/text"
)

//go:embed page.html page.css
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// view is what page.html shows.
type view struct {
	Lang                string
	Title, About, After string
	Button              string // "" is none
}

// Handler serves the links below /phone/, over TLS alone. GET and HEAD, which a preview of the link or a look ahead of the
// browser may send as well, show a page with one button and use nothing up. The button posts, and the answer is the profile:
// the browser hands it on to the system and stays on the page, which tells what comes next.
func (l *Links) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		name := strings.TrimPrefix(r.URL.Path, Folder)
		switch {
		case !private(r):
			safe := url.URL{Scheme: "https", Host: withoutPort(r.Host), Path: r.URL.Path}
			http.Redirect(w, r, safe.String(), http.StatusTemporaryRedirect)
		case name == "page.css":
			http.ServeFileFS(w, r, files, name)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			l.serveButton(w, r, name)
		case r.Method == http.MethodPost:
			l.serveProfile(w, r, name)
		default:
			w.Header().Set("Allow", "GET, HEAD, POST") // RFC 9110 §15.5.6
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}

// Before serves the links; all else is next's.
func (l *Links) Before(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(Folder, l.Handler())
	mux.Handle("/", next)
	return mux
}

// protect keeps the path, which is the key, and the password out of caches, histories, search engines and other sites.
func protect(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// private tells whether nobody on the way can read the password: it is encrypted, or did not leave this machine, where
// somebody's own proxy may have taken the encryption off.
func private(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return r.TLS != nil || err == nil && peer.Addr().Unmap().IsLoopback()
}

// withoutPort is a host for an address on the standard port.
func withoutPort(host string) string {
	name, _, err := net.SplitHostPort(host)
	switch {
	case err != nil:
		return host
	case strings.Contains(name, ":"):
		return "[" + name + "]" // RFC 3986 §3.2.2
	}
	return name
}

func (l *Links) serveButton(w http.ResponseWriter, r *http.Request, token string) {
	o := l.find(token, false)
	if o == nil {
		l.serveOver(w, r)
		return
	}
	l.write(w, http.StatusOK, o.Lang, func(c *text.Catalogue) view {
		return view{
			Title:  c.Say("phone_page_title"),
			About:  c.Say("phone_page_about", "address", o.Settings.Address),
			Button: c.Say("phone_page_button"),
			After:  c.Say("phone_page_after"),
		}
	})
}

// serveOver answers for links that are used, too old, or never were: which, is nobody's concern.
func (l *Links) serveOver(w http.ResponseWriter, r *http.Request) {
	lang := text.Choose(strings.FieldsFunc(r.Header.Get("Accept-Language"), func(c rune) bool { return c == ',' || c == ';' })...)
	l.write(w, http.StatusNotFound, lang, func(c *text.Catalogue) view {
		return view{Title: c.Say("phone_page_over"), About: c.Say("phone_page_over_about")}
	})
}

// serveProfile hands the profile out, once. If that fails, it is as if nobody had asked.
func (l *Links) serveProfile(w http.ResponseWriter, r *http.Request, token string) {
	o := l.find(token, true)
	if o == nil {
		l.serveOver(w, r)
		return
	}
	ctx := context.WithoutCancel(r.Context()) // who hangs up must not leave a password behind of which nobody knows
	s, err := Fresh(ctx, l.Store, o.Account, o.Settings, o.Device)
	if errors.Is(err, store.ErrNoAccount) {
		l.serveOver(w, r) // whom it was for is gone
		return
	}
	if err == nil {
		if err = l.handOut(w, s, o.Lang); err == nil {
			l.Log.Info("page", "what", "profile", "who", o.Account, "device", s.Device, "from", r.RemoteAddr)
			return
		}
		l.undo(ctx, o, s)
	}
	l.giveBack(o)
	l.Log.Error("profile not handed out", "who", o.Account, "err", err)
	l.write(w, http.StatusInternalServerError, o.Lang, func(c *text.Catalogue) view {
		return view{Title: c.Say("phone_page_failed"), About: c.Say("phone_page_failed_about")}
	})
}

// handOut sends the profile. Nothing was sent when it fails to be made.
func (l *Links) handOut(w http.ResponseWriter, s Settings, lang string) error {
	file, err := MobileConfig(s, text.Load(lang), l.Signer())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", ProfileType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": FileName(s)}))
	if _, err := w.Write(file); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush() // else a phone that is gone would not be noticed
}

// undo removes the password that nobody got.
func (l *Links) undo(ctx context.Context, o *opened, s Settings) {
	if err := Forget(ctx, l.Store, o.Account, s); err != nil {
		l.Log.Error("app password not removed", "who", o.Account, "device", s.Device, "err", err)
	}
}

// FileName is what a profile is called as a file.
func FileName(s Settings) string {
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '-'
		}
		return r
	}, s.Address)
	return safe + ".mobileconfig"
}

// write sends the page with what say makes of the language.
func (l *Links) write(w http.ResponseWriter, status int, lang string, say func(*text.Catalogue) view) {
	v := say(text.Load(lang))
	v.Lang = lang
	var body bytes.Buffer
	if err := page.Execute(&body, v); err != nil {
		l.Log.Error("page not made", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(body.Bytes()); err != nil {
		l.Log.Debug("page not fetched to its end", "err", err)
	}
}
