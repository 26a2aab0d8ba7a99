package admin

import (
	"context"
	"strings"
	"time"

	"buzon/internal/acme"
	"buzon/internal/cli"
	"buzon/internal/trust"
)

type certStatus struct {
	JSON bool `help:"flag_json"`
}

// certState is the whole answer for programs.
type certState struct {
	Origin     string      `json:"origin"` // files, authority or self-signed
	Shown      []certItem  `json:"shown"`
	SelfSigned []certItem  `json:"self_signed"`
	Way        string      `json:"way"`                    // as set
	LastWay    string      `json:"last_way,omitempty"`     // by which the last certificate came
	Attempt    *time.Time  `json:"last_attempt"`           // null: the authority was never asked
	Next       *time.Time  `json:"next_attempt"`           // null: nothing is planned
	Renewal    *time.Time  `json:"renewal"`                // null: there is nothing to renew
	Problem    *certWhy    `json:"problem"`                // of the last attempt as a whole, null: none
	Names      []certName  `json:"names"`                  // those that are wanted
	Records    []acme.Todo `json:"records_to_set_by_hand"` // TXT
}

// certName is one name that is wanted.
type certName struct {
	Name    string     `json:"name"`
	Covered bool       `json:"covered"`
	Problem *certWhy   `json:"problem"`
	Next    *time.Time `json:"next_attempt"`
}

// certWhy is a failure, in a word for programs, a sentence for people, and what the other side said.
type certWhy struct {
	Code   string    `json:"code"`
	Text   string    `json:"text"`
	Detail string    `json:"detail"`
	Way    string    `json:"way,omitempty"`
	At     time.Time `json:"at"`
}

// Run tells which certificate is shown, and what became of getting a better one.
func (cmd *certStatus) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	s, err := trust.Read(ctx, st)
	if err != nil {
		return err
	}
	state := d.certState(s)
	if cmd.JSON {
		return d.JSON(state)
	}
	return d.printCertState(s, state)
}

func (d *Desk) certState(s trust.Status) certState {
	out := certState{
		Origin: s.Origin, Shown: certItems(s.Shown, d.now()), SelfSigned: certItems(s.SelfSigned, d.now()),
		Way: string(s.Way), LastWay: string(s.State.Way), Attempt: orNull(s.State.Attempt), Next: orNull(s.State.Next),
		Renewal: orNull(s.State.Renewal.At), Problem: d.why(s.State.Problem), Names: []certName{}, Records: append([]acme.Todo{}, s.State.Todo...),
	}
	known := map[string]acme.NameState{}
	for _, n := range s.State.Names {
		known[n.Name] = n
	}
	for _, n := range s.Wanted {
		k := known[n.Name]
		out.Names = append(out.Names, certName{n.Name, k.Covered, d.why(k.Problem), orNull(k.Next)})
	}
	return out
}

func (d *Desk) why(p *acme.Problem) *certWhy {
	if p == nil {
		return nil
	}
	return &certWhy{Code: string(p.Code), Text: d.Say(trust.Sentence(p.Code)), Detail: p.Detail, Way: string(p.Way), At: p.At.UTC()}
}

func (d *Desk) printCertState(s trust.Status, state certState) error {
	origins := map[string]string{
		trust.FromFiles: "cert_from_files", trust.FromAuthority: "cert_from_authority", trust.SelfSigned: "cert_self_signed",
	}
	d.Println(origins[s.Origin])
	err := cli.List(d.Console, false, state.Shown, "head_cert", "none_self_signed", func(i certItem) []string {
		return []string{short(i.Names), i.Issuer, day(i.Until), d.daysLeft(i.Days), i.Key}
	})
	if err != nil {
		return err
	}
	if s.FileError != nil {
		d.Println("cert_file_error", "err", s.FileError)
	}
	d.printNames(state)
	for _, todo := range state.Records {
		d.Println("cert_set_record", "name", todo.Name, "text", todo.Text)
	}
	d.printAttempts(s, state)
	return nil
}

func (d *Desk) daysLeft(days int) string {
	if days < 0 {
		return d.Say("cert_ended")
	}
	return d.Say("cert_days", "days", days)
}

// printNames says which names are left out. Those with the same reason share it.
func (d *Desk) printNames(state certState) {
	for i, n := range state.Names {
		if n.Problem == nil || firstWith(state.Names, n.Problem.Code) != i {
			continue
		}
		var names []string
		for _, other := range state.Names {
			if other.Problem != nil && other.Problem.Code == n.Problem.Code {
				names = append(names, other.Name)
			}
		}
		d.Println("cert_left_out", "names", strings.Join(names, ", "), "why", n.Problem.Text)
		d.printDetail(n.Problem)
	}
}

func firstWith(names []certName, code string) int {
	for i, n := range names {
		if n.Problem != nil && n.Problem.Code == code {
			return i
		}
	}
	return -1
}

func (d *Desk) printDetail(w *certWhy) {
	if w.Detail != "" {
		d.Println("cert_detail", "detail", w.Detail)
	}
}

func (d *Desk) printAttempts(s trust.Status, state certState) {
	switch {
	case s.Origin == trust.FromFiles || s.FileError != nil:
		return
	case s.Way == acme.Off:
		d.Println("cert_off")
		return
	case len(s.Wanted) == 0:
		d.Println("cert_no_domain")
		return
	case !s.Real:
		d.Println("cert_not_real")
		return
	case state.Attempt == nil && state.Problem == nil && state.Next == nil:
		d.Println("cert_not_tried")
		return
	}
	if state.Problem != nil {
		d.Println("cert_problem", "time", moment(state.Problem.At), "why", state.Problem.Text)
		d.printDetail(state.Problem)
	}
	if state.Next != nil {
		d.Println("cert_next", "time", moment(*state.Next))
	}
}
