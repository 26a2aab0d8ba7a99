package phone

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// entry is one key of a dictionary of a property list. Apple's readers do not mind the order; people who compare do.
type entry struct {
	key   string
	value any // string, int, bool, dict or []dict
}

type dict []entry

const plistHead = xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` + "\n"

// plist writes a property list in XML.
func plist(d dict) []byte {
	var b strings.Builder
	b.WriteString(plistHead + `<plist version="1.0">` + "\n")
	writeValue(&b, d)
	b.WriteString("</plist>\n")
	return []byte(b.String())
}

func writeValue(b *strings.Builder, value any) {
	switch v := value.(type) {
	case dict:
		b.WriteString("<dict>\n")
		for _, e := range v {
			writeText(b, "key", e.key)
			writeValue(b, e.value)
		}
		b.WriteString("</dict>\n")
	case []dict:
		b.WriteString("<array>\n")
		for _, d := range v {
			writeValue(b, d)
		}
		b.WriteString("</array>\n")
	case int:
		fmt.Fprintf(b, "<integer>%d</integer>\n", v)
	case bool:
		fmt.Fprintf(b, "<%t/>\n", v)
	case string:
		writeText(b, "string", v)
	}
}

// writeText writes an element. What XML cannot have, such as control characters, becomes U+FFFD.
func writeText(b *strings.Builder, name, text string) {
	b.WriteString("<" + name + ">")
	xml.EscapeText(b, []byte(text)) // a Builder takes everything
	b.WriteString("</" + name + ">\n")
}
