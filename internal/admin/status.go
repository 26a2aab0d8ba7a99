package admin

import (
	"context"
	"strings"

	"buzon/internal/cli"
	"buzon/internal/config"
	"buzon/internal/sending"
	"buzon/internal/store"
)

type statusCommand struct {
	JSON bool `help:"flag_json"`
}

// statusItem is one line of the status.
type statusItem struct {
	Topic string    `json:"topic"`
	State string    `json:"state"`
	Disk  *diskItem `json:"disk,omitempty"` // of the line about the disk
}

// Run tells in a few sentences how the box is.
func (cmd *statusCommand) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	var items []statusItem
	for _, line := range []struct {
		topic string
		tell  func(context.Context, *Desk, *store.Store) (string, error)
	}{
		{"status_way", statusWay}, {"status_queue", statusQueue}, {"status_paused", statusPaused}, {"status_mail", statusMail},
		{"status_cert", statusCert},
	} {
		state, err := line.tell(ctx, d, st)
		if err != nil {
			return err
		}
		items = append(items, statusItem{Topic: d.Say(line.topic), State: state})
	}
	disk, err := statusDisk(ctx, d, st)
	if err != nil {
		return err
	}
	items = append(items, disk...)
	return cli.List(d.Console, cmd.JSON, items, "head_status", "none_status", func(i statusItem) []string { return []string{i.Topic, i.State} })
}

// statusWay is the sentence that the running server last chose.
func statusWay(ctx context.Context, d *Desk, st *store.Store) (string, error) {
	noted, at, found, err := st.Noted(ctx, sending.NoteWay)
	if err != nil || !found {
		return d.Say("status_way_unknown"), err
	}
	key, relay, _ := strings.Cut(noted, " ")
	return d.Say("status_way_since", "way", d.Say(key, "relay", relay), "time", moment(at.UTC())), nil
}

func statusQueue(ctx context.Context, d *Desk, st *store.Store) (string, error) {
	jobs, held, err := st.QueueSize(ctx)
	switch {
	case err != nil:
		return "", err
	case jobs == 0:
		return d.Say("none_queue"), nil
	}
	return d.Say("status_queue_size", "jobs", jobs, "held", held), nil
}

func statusPaused(ctx context.Context, d *Desk, st *store.Store) (string, error) {
	paused, err := st.PausedSending(ctx)
	if err != nil || len(paused) == 0 {
		return d.Say("none_paused"), err
	}
	var names []string
	for _, p := range paused {
		names = append(names, p.Address.String())
	}
	return d.Say("status_paused_list", "accounts", strings.Join(names, ", ")), nil
}

// statusMail is what people hold here.
func statusMail(ctx context.Context, d *Desk, st *store.Store) (string, error) {
	accounts, err := st.Accounts(ctx)
	if err != nil {
		return "", err
	}
	var used int64
	for _, a := range accounts {
		used += a.Used
	}
	return d.Say("status_mail_held", "accounts", len(accounts), "size", config.FormatSize(used)), nil
}
