package page

import (
	"strconv"
	"strings"
	"time"

	"buzon/internal/config"
)

// item is one line of the menu.
type item struct{ Path, Title string } // Title is the key of a text

// menu is what an admin can go to.
func menu() []item {
	return []item{
		{"/status", "page_nav_status"}, {"/queue", "page_nav_queue"}, {"/mail", "page_nav_mail"}, {"/people", "page_nav_people"},
		{"/domains", "page_nav_domains"}, {"/flow", "page_nav_flow"}, {"/doctor", "page_nav_doctor"}, {"/settings", "page_nav_settings"},
		{"/backup", "page_nav_backup"}, {"/update", "page_nav_update"}, {"/log", "page_nav_log"},
	}
}

// within tells whether a page is an item's or one below it.
func within(path string, i item) bool { return path == i.Path || strings.HasPrefix(path, i.Path+"/") }

// octets writes a size for a person.
func octets(n int64) string { return config.ShowSize(n) }

// cursor is the address of the page that follows what was shown last.
func cursor(path string, id int64, at time.Time) string {
	next := path + "?before=" + itoa(id)
	if at.IsZero() {
		return next
	}
	return next + "&at=" + itoa(at.Unix())
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
