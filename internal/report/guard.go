package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"buzon/internal/message"
)

// guardField is the header field by which we know mail that an account forwarded before. Delivered-To would tell the same
// (RFC 9228), but it names the account to whom the mail is forwarded, and anybody can write it.
const guardField = "X-Buzon-Forwarded"

// Guard keeps forwarded mail from going in a circle. Its mark tells nobody which account it is of, and only we can make it.
type Guard struct{ Secret []byte }

// Line is the field to put before what an account forwards, a complete line.
func (g Guard) Line(account message.Address) []byte {
	return message.AppendWords(nil, guardField, g.mark(account))
}

// Seen tells that the mail r, of size octets, was forwarded by the account before: it must not be again. Only errors of r
// are returned.
func (g Guard) Seen(r io.ReaderAt, size int64, account message.Address) (bool, error) {
	seen, mark := false, g.mark(account)
	_, err := message.Fields(r, size, func(name string, raw []byte, _ message.Range) bool {
		seen = seen || strings.EqualFold(name, guardField) && message.FieldValue(raw) == mark
		return !seen
	})
	return seen, err
}

func (g Guard) mark(account message.Address) string {
	mac := hmac.New(sha256.New, g.Secret)
	mac.Write([]byte("forwarded by\x00" + account.Key()))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
