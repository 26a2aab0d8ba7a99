package page

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// staticRoutes serves the style, the script and the icon. A browser may keep them: their address changes with them.
func (p *Page) staticRoutes(m *routes) {
	m.mux.HandleFunc("GET /static/{name}", func(w http.ResponseWriter, r *http.Request) {
		body, err := fs.ReadFile(files, "static/"+path.Base(r.PathValue("name")))
		if err != nil {
			m.notFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kindOf(r.PathValue("name")))
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		if _, err := w.Write(body); err != nil {
			p.Log.Debug("page not fetched to its end", "path", r.URL.Path, "err", err)
		}
	})
}

// kindOf is the type of a static file; the machine's own table may say anything.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// staticPath is where a static file is, as it is now.
func staticPath(name string) string {
	body, err := fs.ReadFile(files, "static/"+name)
	if err != nil {
		return "/static/" + name // a test fetches every one
	}
	sum := sha256.Sum256(body)
	return "/static/" + name + "?v=" + strings.ToLower(hex.EncodeToString(sum[:4]))
}
