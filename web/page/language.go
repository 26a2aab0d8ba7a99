package page

import (
	"net/http"
	"strings"

	"buzon/internal/text"
)

// languageCookie remembers who switched the language.
const languageCookie = "lang"

// language is the one that the person chose, else the first that the browser wishes and we speak (RFC 9110 §12.5.4).
func language(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil {
		return text.Choose(c.Value)
	}
	for wish := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		wish, _, _ = strings.Cut(strings.TrimSpace(wish), ";")
		code, _, _ := strings.Cut(strings.ToLower(wish), "-")
		for _, ours := range text.Languages() {
			if code == ours {
				return ours
			}
		}
	}
	return text.Default
}

// switchLanguage keeps a choice, and goes on where the person was.
func (p *Page) switchLanguage(r *request) (reply, error) {
	http.SetCookie(r.writer, &http.Cookie{
		Name: languageCookie, Value: text.Choose(r.field("lang")), Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: r.secure, SameSite: http.SameSiteStrictMode,
	})
	return r.redirect(ourPath(r.field("path"))), nil
}

// ourPath is a path of ours; whatever could lead elsewhere becomes the beginning.
func ourPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}
