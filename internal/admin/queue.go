package admin

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/store"
)

type queueCommands struct {
	List    queueList    `cmd:"" help:"help_queue_list"`
	Show    queueShow    `cmd:"" help:"help_queue_show"`
	Retry   queueRetry   `cmd:"" help:"help_queue_retry"`
	Hold    queueHold    `cmd:"" help:"help_queue_hold"`
	Release queueRelease `cmd:"" help:"help_queue_release"`
	Drop    queueDrop    `cmd:"" help:"help_queue_drop"`
}

type queueList struct {
	JSON bool `help:"flag_json"`
}

// queueItem is one recipient of a queued message.
type queueItem struct {
	ID       string     `json:"id"`      // 17.1 is the first recipient of message 17
	Message  int64      `json:"message"` // 17
	From     string     `json:"from"`    // "" is the null sender
	To       string     `json:"to"`
	Size     int64      `json:"size"` // octets
	Queued   time.Time  `json:"queued"`
	Attempts int        `json:"attempts"`
	Held     bool       `json:"held"`
	Next     *time.Time `json:"next"`  // null while it is held
	Reply    string     `json:"reply"` // last words, "" before the first attempt
	Host     string     `json:"host"`  // who said them
	Log      string     `json:"log"`   // id in the log
}

func newQueueItem(q store.Queued, j store.Job) queueItem {
	i := queueItem{
		ID: j.ID.String(), Message: int64(q.ID), From: q.From.String(), To: j.To.String(), Size: q.Size, Queued: q.Queued.UTC(),
		Attempts: j.Attempts, Held: j.Held, Reply: replyText(j.Reply), Host: j.Host, Log: q.LogID,
	}
	if !j.Held {
		i.Next = orNull(j.Next)
	}
	return i
}

func replyText(r message.Reply) string {
	if r.Code == 0 {
		return ""
	}
	return r.String()
}

// Run lists what waits to be sent, a line for each recipient, however much that is.
func (cmd *queueList) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	each := func(give func(queueItem) error) error {
		return st.Queue(ctx, func(q store.Queued) error {
			for _, j := range q.Jobs {
				if err := give(newQueueItem(q, j)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cli.Stream(d.Console, cmd.JSON, each, "head_queue", "none_queue", func(i queueItem) []string {
		return []string{i.ID, d.sender(i.From), plain(i.To), count(int64(i.Attempts)), d.next(i), orDash(plain(i.Reply))}
	})
}

// sender is the null sender in words.
func (d *Desk) sender(from string) string {
	if from == "" {
		return d.Say("word_this_server")
	}
	return plain(from)
}

func (d *Desk) next(i queueItem) string {
	if i.Next == nil {
		return d.Say("word_held")
	}
	return moment(*i.Next)
}

// plain is text from elsewhere that a terminal can be given: control characters could rewrite what stands there.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029' }), " ")
}

type queueShow struct {
	ID   string `arg:"" help:"arg_queue_message"`
	JSON bool   `help:"flag_json"`
}

// Run shows one message in the queue with what is known of each recipient.
func (cmd *queueShow) Run(ctx context.Context, d *Desk) error {
	whole, _, _ := strings.Cut(cmd.ID, ".") // 17.1 is in message 17
	id, err := envelopeID(whole)
	if err != nil {
		return err
	}
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	q, err := st.QueuedEnvelope(ctx, id)
	if errors.Is(err, store.ErrNoMessage) {
		return cli.Fail("error_queue_id", "id", cmd.ID)
	}
	if err != nil {
		return err
	}
	var items []queueItem
	for _, j := range q.Jobs {
		items = append(items, newQueueItem(q, j))
	}
	if cmd.JSON {
		return d.JSON(items)
	}
	subject, err := subjectOf(ctx, st, q.Envelope)
	if err != nil {
		return err
	}
	d.Println("show_queued", "id", int64(q.ID), "from", d.sender(q.From.String()), "subject", orDash(subject),
		"size", humanSize(q.Size), "since", moment(q.Queued), "log", orDash(q.LogID))
	for _, i := range items {
		d.tellQueued(i)
	}
	return nil
}

func (d *Desk) tellQueued(i queueItem) {
	fmt.Fprintln(d.Out)
	state := "show_queued_next"
	if i.Held {
		state = "show_queued_held"
	}
	d.Println(state, "id", i.ID, "to", plain(i.To), "attempts", i.Attempts, "next", d.next(i))
	if i.Reply != "" {
		d.tellSaid(i.Host, i.Reply)
	}
}

// tellSaid quotes the other side, or tells our own reason.
func (d *Desk) tellSaid(host, reply string) {
	if host == "" {
		d.Println("show_reason", "reply", plain(reply))
		return
	}
	d.Println("show_said", "host", plain(host), "reply", plain(reply))
}

func subjectOf(ctx context.Context, st *store.Store, e store.Envelope) (string, error) {
	body, _, err := st.QueuedBody(ctx, e)
	if err != nil {
		return "", err
	}
	m, err := message.Parse(body, body.Size())
	if err != nil {
		return "", fmt.Errorf("read the header: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Envelope.Subject)
	if err != nil {
		subject = m.Envelope.Subject // in a character set that we do not know: as it stands
	}
	return plain(subject), nil
}
