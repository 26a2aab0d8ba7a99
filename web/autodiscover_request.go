package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"buzon/internal/message"
)

// maxAutodiscover is how long a request may be. Outlook's have 400 octets.
const maxAutodiscover = 64 << 10 // octets

// autodiscoverRequest is the document of MS-OXDSCLI §2.2.3, and of MS-ASCMD §2.2.1.1: what differs is the schema.
type autodiscoverRequest struct {
	Requests []struct {
		XMLName   xml.Name
		Addresses []string `xml:"EMailAddress"`
		Schemas   []string `xml:"AcceptableResponseSchema"`
	} `xml:"Request"`
}

// asked is what a request wants to know.
type asked struct {
	address message.Address
	schema  string // of the answer
}

var errAutodiscover = errors.New("not a request of Autodiscover")

// readAutodiscover reads one request, strictly: nothing twice, nothing beside it, no document type.
func readAutodiscover(r io.Reader) (asked, error) {
	d := xml.NewDecoder(r)
	root, err := rootElement(d)
	if err != nil {
		return asked{}, err
	}
	var request autodiscoverRequest
	if err := d.DecodeElement(&request, &root); err != nil {
		return asked{}, fmt.Errorf("%w: %w", errAutodiscover, err)
	}
	if err := onlyBlanks(d); err != nil {
		return asked{}, err
	}
	return request.asked(root.Name)
}

// rootElement is the first element; only a declaration, comments and blanks stand before it.
func rootElement(d *xml.Decoder) (xml.StartElement, error) {
	for {
		token, err := d.Token()
		if err != nil {
			return xml.StartElement{}, fmt.Errorf("%w: %w", errAutodiscover, err)
		}
		if start, ok := token.(xml.StartElement); ok {
			return start, nil
		}
		if !idle(token) {
			return xml.StartElement{}, fmt.Errorf("%w: %T before it", errAutodiscover, token)
		}
	}
}

// onlyBlanks reads to the end.
func onlyBlanks(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", errAutodiscover, err)
		case !idle(token):
			return fmt.Errorf("%w: %T after it", errAutodiscover, token)
		}
	}
}

// idle tokens may stand around the root element.
func idle(token xml.Token) bool {
	switch t := token.(type) {
	case xml.ProcInst, xml.Comment:
		return true
	case xml.CharData:
		return strings.Trim(string(t), "\ufeff \t\r\n") == "" // programs on Windows begin with U+FEFF
	}
	return false
}

func (q autodiscoverRequest) asked(root xml.Name) (asked, error) {
	if root.Local != "Autodiscover" || len(q.Requests) != 1 {
		return asked{}, fmt.Errorf("%w: %q with %d requests", errAutodiscover, root.Local, len(q.Requests))
	}
	one := q.Requests[0]
	if !strings.HasPrefix(root.Space, "http://schemas.microsoft.com/exchange/autodiscover/") || one.XMLName.Space != root.Space {
		return asked{}, fmt.Errorf("%w: schema %q", errAutodiscover, root.Space)
	}
	if len(one.Addresses) != 1 || len(one.Schemas) != 1 { // the other key, LegacyDN, is Exchange's own
		return asked{}, fmt.Errorf("%w: %d addresses, %d schemas", errAutodiscover, len(one.Addresses), len(one.Schemas))
	}
	address, err := message.ParseAddress(strings.TrimSpace(one.Addresses[0]))
	if err != nil {
		return asked{}, fmt.Errorf("%w: %w", errAutodiscover, err)
	}
	return asked{address, strings.TrimSpace(one.Schemas[0])}, nil
}
