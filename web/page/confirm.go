package page

// question is asked before what cannot be undone. It is a page of its own, so that it works without JavaScript.
type question struct {
	Sentence string
	Button   string // what is done
	Action   string // where the form goes
	Back     string // where no goes
	Fields   [][2]string
}

// as is the view with other data, for a template that pages share.
func (v view) as(data any) view {
	v.Data = data
	return v
}

// ask shows a question.
func (r *request) ask(q question) (reply, error) { return r.render("confirm", q) }
