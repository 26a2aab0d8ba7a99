package page

import (
	"slices"
	"strings"
)

// freeMail tells whether a domain is one at which everybody may have an address, and whose mail nobody can have sent to a box
// of their own. It knows those that people type, not all.
func freeMail(domain string) bool {
	brand, _, _ := strings.Cut(domain, ".")
	return slices.Contains(freeBrands(), brand) && strings.Count(domain, ".") <= 2 || slices.Contains(freeDomains(), domain)
}

// freeBrands have a domain in many countries: yahoo.co.uk, gmx.at.
func freeBrands() []string {
	return []string{"gmail", "googlemail", "outlook", "hotmail", "live", "msn", "yahoo", "ymail", "rocketmail", "gmx", "aol", "yandex"}
}

func freeDomains() []string {
	return []string{
		"icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "protonmail.ch", "pm.me", "mail.com", "email.com",
		"web.de", "t-online.de", "freenet.de", "posteo.de", "mailbox.org", "tutanota.com", "tuta.com", "tuta.io",
		"fastmail.com", "fastmail.fm", "hey.com", "zoho.com", "zohomail.eu", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net",
		"sfr.fr", "libero.it", "virgilio.it", "tiscali.it", "telefonica.net", "movistar.es", "terra.es", "comcast.net", "verizon.net",
		"att.net", "sbcglobal.net", "cox.net", "btinternet.com", "sky.com", "mail.ru", "bk.ru", "list.ru", "inbox.ru",
		"qq.com", "163.com", "126.com", "sina.com", "naver.com", "daum.net", "uol.com.br", "bol.com.br", "terra.com.br", "seznam.cz",
		"wp.pl", "o2.pl", "onet.pl", "interia.pl", "abv.bg", "bluewin.ch",
	}
}
