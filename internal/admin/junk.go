package admin

import (
	"context"
	"errors"
	"strconv"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type junkCommands struct {
	Train   junkTrain   `cmd:"" help:"help_junk_train"`
	Status  junkStatus  `cmd:"" help:"help_junk_status"`
	Explain junkExplain `cmd:"" help:"help_junk_explain"`
}

type junkTrain struct {
	Address string `arg:"" optional:"" help:"arg_junk_address"`
}

// Run makes a start set of the mail that is there. It may be stopped at any time; done again, it goes on.
func (cmd *junkTrain) Run(ctx context.Context, d *Desk) error {
	accounts, err := d.accountOrAll(ctx, cmd.Address)
	if err != nil {
		return err
	}
	for _, acc := range accounts {
		if err := d.trainJunk(ctx, acc); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) trainJunk(ctx context.Context, acc store.Account) error {
	told := 0
	err := d.st.LearnJunk(ctx, acc.ID, func(done, all int) {
		if done*10/all > told*10/all || done == all { // ten lines, however many messages
			d.Note("note_junk_train", "address", acc.Address, "done", done, "all", all)
			told = done
		}
	})
	if errors.Is(err, context.Canceled) {
		return cli.Fail("error_junk_stopped")
	}
	if err != nil {
		return err
	}
	status, err := d.st.JunkStatus(ctx, acc.ID)
	if err != nil {
		return err
	}
	d.Println("done_junk_train", "address", acc.Address, "spam", count(status.Spam), "ham", count(status.Ham))
	if !status.Useful {
		d.Note("note_junk_few")
	}
	return nil
}

// accountOrAll is the account that a person named, or all of them.
func (d *Desk) accountOrAll(ctx context.Context, s string) ([]store.Account, error) {
	if s != "" {
		acc, err := d.accountItself(ctx, s)
		return []store.Account{acc}, err
	}
	st, err := d.store(ctx)
	if err != nil {
		return nil, err
	}
	return st.Accounts(ctx)
}

type junkStatus struct {
	JSON bool `help:"flag_json"`
}

type junkItem struct {
	Address string `json:"address"`
	Useful  bool   `json:"useful"`
	Spam    int64  `json:"spam"`    // messages learned
	Ham     int64  `json:"ham"`     // messages learned
	Pending int64  `json:"pending"` // messages to learn
	Size    int64  `json:"size"`    // octets
}

// Run tells what the filters have learned.
func (cmd *junkStatus) Run(ctx context.Context, d *Desk) error {
	accounts, err := d.accountOrAll(ctx, "")
	if err != nil {
		return err
	}
	var items []junkItem
	for _, acc := range accounts {
		s, err := d.st.JunkStatus(ctx, acc.ID)
		if err != nil {
			return err
		}
		items = append(items, junkItem{acc.Address.String(), s.Useful, s.Spam, s.Ham, s.Pending, s.Octets})
	}
	return cli.List(d.Console, cmd.JSON, items, "head_junk", "none_accounts", func(i junkItem) []string {
		useful := d.Say("word_no")
		if i.Useful {
			useful = d.Say("word_yes")
		}
		return []string{i.Address, useful, count(i.Spam), count(i.Ham), count(i.Pending), humanSize(i.Size)}
	})
}

type junkExplain struct {
	Address string `arg:"" help:"arg_address"`
	Mailbox string `help:"flag_junk_mailbox" default:"INBOX" placeholder:"word_name"`
	UID     uint32 `name:"uid" help:"flag_junk_uid" required:"" placeholder:"word_number"`
	JSON    bool   `help:"flag_json"`
}

type clueItem struct {
	Where  string  `json:"where"`
	Text   string  `json:"text"`
	Weight float64 `json:"weight"` // positive for junk
	Spam   int32   `json:"spam"`   // messages learned that had it
	Ham    int32   `json:"ham"`
}

type verdictItem struct {
	Known     bool       `json:"known"`
	Junk      bool       `json:"junk"`
	Score     float64    `json:"score"`
	Threshold float64    `json:"threshold"`
	Clues     []clueItem `json:"clues"`
}

// explainClues is how many words are shown: the strongest, and enough to see what weighs.
const explainClues = 30

// Run shows what the filter thinks of a message, and the words that tell it.
func (cmd *junkExplain) Run(ctx context.Context, d *Desk) error {
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	box, err := d.st.Mailbox(ctx, acc.ID, cmd.Mailbox)
	if errors.Is(err, store.ErrNoMailbox) {
		return cli.Fail("error_junk_no_mailbox", "mailbox", cmd.Mailbox)
	}
	if err != nil {
		return err
	}
	v, clues, err := d.st.ExplainJunk(ctx, box.ID, cmd.UID, explainClues)
	if errors.Is(err, store.ErrNoMessage) {
		return cli.Fail("error_junk_no_message", "mailbox", box.Name, "uid", cmd.UID)
	}
	if err != nil {
		return err
	}
	item := verdictItem{v.Known, v.Junk, v.Score, v.Threshold, []clueItem{}}
	for _, c := range clues {
		item.Clues = append(item.Clues, clueItem{c.Where, c.Text, c.Says, c.Spam, c.Ham})
	}
	if cmd.JSON {
		return d.JSON(item)
	}
	return d.tellVerdict(item)
}

func (d *Desk) tellVerdict(v verdictItem) error {
	key := "junk_good"
	switch {
	case !v.Known:
		key = "junk_unknown"
	case v.Junk:
		key = "junk_junk"
	}
	d.Println(key, "score", decimal(v.Score), "threshold", decimal(v.Threshold))
	if len(v.Clues) == 0 {
		return nil
	}
	rows := make([][]string, len(v.Clues))
	for i, c := range v.Clues {
		rows[i] = []string{decimal(c.Weight), d.Say(clueWord(c.Where)), strconv.Quote(c.Text), count(int64(c.Spam)), count(int64(c.Ham))}
	}
	return d.Table("head_clues", rows)
}

// clueWord is the key of the word for where a clue was found.
func clueWord(where string) string {
	for _, w := range [][2]string{
		{"body", "word_clue_body"}, {"pair", "word_clue_pair"}, {"subject", "word_clue_subject"}, {"from", "word_clue_from"},
		{"to", "word_clue_to"}, {"trace", "word_clue_trace"}, {"header", "word_clue_header"}, {"link", "word_clue_link"}, {"markup", "word_clue_markup"},
	} {
		if w[0] == where {
			return w[1]
		}
	}
	return "word_clue_parts"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
