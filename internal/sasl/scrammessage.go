package sasl

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// clientFirst is SCRAM's first message (RFC 5802 §7, client-first-message).
type clientFirst struct {
	flag    byte   // gs2-cbind-flag: 'n', 'y' or 'p'
	binding string // cb-name, with 'p'
	authzid string
	user    string
	nonce   string
	gs2     string // gs2-header, as sent
	bare    string // client-first-message-bare, as sent
}

func parseClientFirst(response []byte) (clientFirst, error) {
	text, err := scramText(response)
	if err != nil {
		return clientFirst{}, err
	}
	fields := strings.SplitN(text, ",", 5) // the fifth is extensions, which we may ignore
	if len(fields) < 4 {
		return clientFirst{}, malformed("SCRAM first message has %d fields", len(fields))
	}
	m := clientFirst{gs2: fields[0] + "," + fields[1] + ","}
	m.bare = text[len(m.gs2):]
	for _, step := range []func([]string) error{m.takeFlag, m.takeNames, m.takeNonce} {
		if err := step(fields); err != nil {
			return clientFirst{}, err
		}
	}
	return m, nil
}

func (m *clientFirst) takeFlag(fields []string) error {
	flag := fields[0]
	name, isBinding := strings.CutPrefix(flag, "p=")
	switch {
	case flag == "n" || flag == "y":
		m.flag = flag[0]
	case isBinding && name != "":
		m.flag, m.binding = 'p', name
	default:
		return malformed("SCRAM channel binding flag %q", flag)
	}
	return nil
}

func (m *clientFirst) takeNames(fields []string) error {
	var err error
	if fields[1] != "" {
		if m.authzid, err = nameField(fields[1], "a="); err != nil {
			return err
		}
	}
	// A mandatory extension would stand here as "m=" (RFC 5802 §5.1); we know none, so it is refused with the rest.
	m.user, err = nameField(fields[2], "n=")
	return err
}

func (m *clientFirst) takeNonce(fields []string) error {
	nonce, ok := strings.CutPrefix(fields[3], "r=")
	if !ok || !isNonce(nonce) {
		return malformed("SCRAM nonce")
	}
	m.nonce = nonce
	return nil
}

// clientFinal is SCRAM's second message (RFC 5802 §7, client-final-message).
type clientFinal struct {
	binding      []byte // cbind-input
	nonce        string
	proof        [sha256.Size]byte
	withoutProof string
}

func parseClientFinal(response []byte) (clientFinal, error) {
	text, err := scramText(response)
	if err != nil {
		return clientFinal{}, err
	}
	without, proof, ok := cutLast(text, ",p=") // base64 has no comma, so the proof is what follows the last
	fields := strings.SplitN(without, ",", 3)
	if !ok || len(fields) < 2 {
		return clientFinal{}, malformed("SCRAM final message")
	}
	m := clientFinal{withoutProof: without}
	binding, isBinding := strings.CutPrefix(fields[0], "c=")
	nonce, isNonce := strings.CutPrefix(fields[1], "r=")
	if !isBinding || !isNonce {
		return clientFinal{}, malformed("SCRAM final message")
	}
	m.nonce = nonce
	if m.binding, err = base64.StdEncoding.Strict().DecodeString(binding); err != nil {
		return clientFinal{}, malformed("SCRAM channel binding: %v", err)
	}
	sum, err := base64.StdEncoding.Strict().DecodeString(proof)
	if err != nil || copy(m.proof[:], sum) != len(m.proof) || len(sum) != len(m.proof) {
		return clientFinal{}, malformed("SCRAM proof")
	}
	return m, nil
}

// scramText is a response as text. Base64 decoders of Go skip line breaks and names may not hold NUL, so controls are
// refused here once.
func scramText(response []byte) (string, error) {
	if err := checkSize(response); err != nil {
		return "", err
	}
	text := string(response)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", malformed("SCRAM message is not UTF-8 text")
	}
	return text, nil
}

// nameField takes a saslname (RFC 5802 §5.1): "=2C" is a comma, "=3D" an equals sign, no other "=" may stand in it.
func nameField(field, prefix string) (string, error) {
	name, ok := strings.CutPrefix(field, prefix)
	if !ok || name == "" {
		return "", malformed("SCRAM field %q is missing", prefix)
	}
	rest := strings.NewReplacer("=2C", "", "=3D", "").Replace(name)
	if strings.Contains(rest, "=") {
		return "", malformed("SCRAM name %q", name)
	}
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name), nil
}

// isNonce tells printable ASCII without comma (RFC 5802 §7, printable).
func isNonce(s string) bool {
	outside := func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }
	return s != "" && !strings.ContainsFunc(s, outside)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
