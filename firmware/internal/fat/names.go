package fat

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// nameAll gives every node of a folder its short name, in all folders.
func (n *node) nameAll() error {
	taken := map[string]bool{}
	for _, c := range n.children {
		if len(utf16.Encode([]rune(c.name))) > 255 {
			return fmt.Errorf("fat: %s: the name is too long", c.name)
		}
		c.shorten(taken)
		if taken[c.short] {
			return fmt.Errorf("fat: %s: no short name is left", c.name)
		}
		taken[c.short] = true
		if err := c.nameAll(); err != nil {
			return err
		}
	}
	return nil
}

// shorten finds the short name. What is short already needs no long one, not even in small letters: their flags are not in
// FATGEN, but of every system since Windows NT, and whoever ignores them finds the name all the same.
func (n *node) shorten(taken map[string]bool) {
	base, ext := n.name, ""
	if dot := strings.LastIndexByte(n.name, '.'); dot > 0 {
		base, ext = n.name[:dot], n.name[dot+1:]
	}
	if fits(base, 8) && fits(ext, 3) && ext != "" == strings.Contains(n.name, ".") {
		n.short = pad(strings.ToUpper(base), 8) + pad(strings.ToUpper(ext), 3)
		if !taken[n.short] {
			n.flags = small(base, 0x08) | small(ext, 0x10)
			return
		}
	}
	n.long = true
	base, ext = pad(plain(base), 8), pad(plain(ext), 3)
	for i := 1; i < 1000; i++ { // FATGEN, "The Numeric-Tail Generation Algorithm"
		tail := fmt.Sprintf("~%d", i)
		n.short = pad(strings.TrimRight(base[:8-len(tail)], " ")+tail, 8) + ext
		if !taken[n.short] {
			return
		}
	}
}

// fits tells whether s may be a part of a short name, in letters that are all small or all capital.
func fits(s string, most int) bool {
	return len(s) <= most && plain(s) == strings.ToUpper(s) && (s == strings.ToUpper(s) || s == strings.ToLower(s))
}

func small(s string, flag byte) byte {
	if s != strings.ToUpper(s) {
		return flag
	}
	return 0
}

// plain is s in capital letters, with what short names may not have left out.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, strings.ToUpper(s))
}

// pad makes s n octets long.
func pad(s string, n int) string { return fmt.Sprintf("%-*.*s", n, n, s) }
