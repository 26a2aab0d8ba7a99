package store

import (
	"strings"
	"time"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// jobRows reads jobs with their destinations. A condition follows.
const jobRows = `SELECT j.id, d.domain, j.local, j.notify, j.original, j.attempts, j.next, j.warned,
	j.code, j.enhanced, j.reply, j.host, j.said, d.failures, d.next, d.code, d.enhanced, d.reply, d.host, d.said, d.id
	FROM job j JOIN destination d ON d.id = j.destination `

// readJob reads a row of jobRows. While its domain is down a job waits for the
// domain's round, and the domain's words are its own where they are later.
func readJob(st *sqlite.Stmt) Job {
	j := Job{
		ID:       JobID(st.ColumnInt64(0)),
		To:       message.Address{Local: st.ColumnText(2), Domain: st.ColumnText(1)},
		Notify:   Notify(st.ColumnInt64(3)),
		Original: st.ColumnText(4),
		Attempts: st.ColumnInt(5),
		Held:     st.ColumnType(6) == sqlite.TypeNull,
		Warned:   st.ColumnBool(7),
	}
	j.Envelope = j.ID.Envelope()
	if !j.Held {
		j.Next = time.Unix(max(st.ColumnInt64(6), st.ColumnInt64(14)), 0)
	}
	words := 8
	if st.ColumnInt64(13) > 0 && st.ColumnInt64(19) >= st.ColumnInt64(12) {
		words = 15
	}
	j.Reply, j.Host = readReply(st, words), st.ColumnText(words+3)
	return j
}

// readReply reads the columns code, enhanced, reply.
func readReply(st *sqlite.Stmt, col int) message.Reply {
	n := st.ColumnInt(col + 1)
	return message.Reply{
		Code:     st.ColumnInt(col),
		Enhanced: [3]int{n / 1e6, n / 1e3 % 1e3, n % 1e3},
		Text:     st.ColumnText(col + 2),
	}
}

// enhanced is an enhanced code as one number: RFC 3463 §2 gives subject and
// detail three digits at most.
func enhanced(r message.Reply) int64 {
	e := r.Enhanced
	if e[0]|e[1]|e[2] < 0 || e[0] > 9 || e[1] > 999 || e[2] > 999 {
		return 0
	}
	return int64(e[0]*1e6 + e[1]*1e3 + e[2])
}

// maxWords is how much of a reply is kept: the other side may say 50 KB, and
// each of a thousand jobs would keep it.
const maxWords = 1000 // octets

// replyText is a reply's text as it is kept: valid UTF-8, whatever the other side said.
func replyText(r message.Reply) string { return shorten(r.Text, maxWords) }

// shorten makes text valid UTF-8 of n octets at most, cut at a character's end.
func shorten(text string, n int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= n {
		return text
	}
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// maxHost is a host's name (RFC 1035 §2.3.4) with its address.
const maxHost = 400 // octets

const envelopeRow = `SELECT id, body, log, account, local, domain, envid, ret, requiretls, utf8, bodytype, size, queued
	FROM envelope WHERE id = ?`

func readEnvelope(st *sqlite.Stmt) Envelope {
	return Envelope{
		ID:         EnvelopeID(st.ColumnInt64(0)),
		Body:       BodyID(st.ColumnInt64(1)),
		LogID:      st.ColumnText(2),
		Account:    AccountID(st.ColumnInt64(3)),
		From:       message.Address{Local: st.ColumnText(4), Domain: st.ColumnText(5)},
		EnvID:      st.ColumnText(6),
		Return:     st.ColumnText(7),
		RequireTLS: st.ColumnBool(8),
		UTF8:       st.ColumnBool(9),
		BodyType:   st.ColumnText(10),
		Size:       st.ColumnInt64(11),
		Queued:     columnTime(st, 12),
	}
}

// withEnvelopes puts jobs under their envelopes, in the order in which these first appear.
func withEnvelopes(c *sqlite.Conn, jobs []Job) ([]Queued, error) {
	var list []Queued
	at := make(map[EnvelopeID]int)
	for _, j := range jobs {
		i, known := at[j.Envelope]
		if !known {
			i = len(list)
			at[j.Envelope] = i
			q := Queued{}
			if _, err := one(c, envelopeRow, func(st *sqlite.Stmt) { q.Envelope = readEnvelope(st) }, int64(j.Envelope)); err != nil {
				return nil, err
			}
			list = append(list, q)
		}
		list[i].Jobs = append(list[i].Jobs, j)
	}
	return list, nil
}

// listJobs reads all rows of a query of jobRows.
func listJobs(c *sqlite.Conn, query string, args ...int64) (jobs []Job, err error) {
	err = each(c, query, func(st *sqlite.Stmt) { jobs = append(jobs, readJob(st)) }, args...)
	return jobs, err
}
