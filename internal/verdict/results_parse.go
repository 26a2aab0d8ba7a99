package verdict

import (
	"errors"
	"fmt"
	"strings"
)

// Results is what an Authentication-Results field says (RFC 8601 §2.2).
type Results struct {
	ServerID string // authserv-id, as it is written
	Methods  []Method
}

// Method is one result in it.
type Method struct {
	Method     string // lower case: "spf", "dkim", …
	Result     string // lower case: Pass, …
	Reason     string
	Properties []Property
}

// Property is one fact of a result, such as header.d=example.org.
type Property struct{ Type, Name, Value string } // Type and Name in lower case

// Property is the value of the first property with a type and a name, or "".
func (m Method) Property(kind, name string) string {
	for _, p := range m.Properties {
		if p.Type == kind && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// ErrResults is what errors of ParseResults wrap.
var ErrResults = errors.New("not authentication results")

// Bounds of what is read of one field.
const (
	maxMethods    = 100
	maxProperties = 50
)

// ParseResults reads the value of a field. Where it is wrong, what was read
// until then is returned with the error: the name at least.
func ParseResults(text string) (Results, error) {
	l := lexer{rest: text}
	var r Results
	r.ServerID, _ = l.word(";")
	if r.ServerID == "" {
		return r, fmt.Errorf("%w: no name", ErrResults)
	}
	l.word(";") // a version (RFC 8601 §2.2), or nothing
	for l.take(';') {
		if l.end() {
			break
		}
		m, err := l.method()
		if err != nil {
			return r, err
		}
		if m.Method != "" && len(r.Methods) < maxMethods {
			r.Methods = append(r.Methods, m)
		}
	}
	if !l.end() {
		return r, fmt.Errorf("%w: odd text behind a result", ErrResults)
	}
	return r, nil
}

// method is one resinfo; of "none" alone (RFC 8601 §2.2) it is empty.
func (l *lexer) method() (m Method, err error) {
	name, _ := l.word("=/;")
	if name == "" {
		return m, fmt.Errorf("%w: no method", ErrResults)
	}
	if l.take('/') {
		l.word("=;") // its version
	}
	if !l.take('=') {
		if strings.EqualFold(name, None) {
			return m, nil
		}
		return m, fmt.Errorf("%w: no result of %.40q", ErrResults, name)
	}
	result, _ := l.word(";=")
	m.Method, m.Result = strings.ToLower(name), strings.ToLower(result)
	for !l.at(';') && !l.end() {
		if err := l.property(&m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// property is a propspec or a reasonspec.
func (l *lexer) property(m *Method) error {
	name, _ := l.word("=.;")
	kind := ""
	if l.take('.') {
		kind = name
		name, _ = l.word("=;")
	}
	if name == "" || !l.take('=') {
		return fmt.Errorf("%w: no property", ErrResults)
	}
	value, ok := l.value()
	if !ok {
		return fmt.Errorf("%w: no value of %.40q", ErrResults, name)
	}
	if kind == "" && strings.EqualFold(name, "reason") {
		m.Reason = value
		return nil
	}
	if len(m.Properties) < maxProperties {
		m.Properties = append(m.Properties, Property{strings.ToLower(kind), strings.ToLower(name), value})
	}
	return nil
}
