package phone

import (
	"bytes"
	"encoding/json"
)

// Words of the format, each a number.
const (
	qrVersion  = 1
	qrIMAP     = 0
	qrSMTP     = 0
	qrTLS      = 3 // from the first octet
	qrPassword = 1 // in clear, inside TLS

	qrUsualName = "" // the account is called by its address
)

// Thunderbird is the text of the QR code by which Thunderbird for Android and K-9 import an account: its format 1, as one
// code of one.
func Thunderbird(s Settings) string {
	incoming := []any{qrIMAP, s.Host, s.IMAP, qrTLS, qrPassword, s.Address, qrUsualName, s.Password}
	outgoing := []any{qrSMTP, s.Host, s.SMTP, qrTLS, qrPassword, s.Address, s.Password}
	identity := []any{s.Address, s.sender()}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // what is shorter is easier to scan
	if err := enc.Encode([]any{qrVersion, []int{1, 1}, incoming, []any{[]any{outgoing, identity}}}); err != nil {
		panic(err) // cannot be: texts and numbers always encode
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
