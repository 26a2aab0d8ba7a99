package imap

// bodiesAhead is how many bodies are opened while one is being written: what a
// body costs is reading and unpacking it, which the other processor can do
// meanwhile. Each holds a chunk of 128 KiB at most.
const bodiesAhead = 2 // bodies

// ahead opens the bodies of a page before their turn.
type ahead struct {
	page    []Message // whose bodies are not being opened yet
	opening []chan opened
}

// opened is a body, or why there is none.
type opened struct {
	body Body
	err  error
}

// next gives the body of the page's next message. A lone message is opened
// without a second goroutine.
func (a *ahead) next(s *session) (Body, error) {
	for len(a.page) > 0 && len(a.opening) <= bodiesAhead {
		if len(a.page) == 1 && len(a.opening) == 0 {
			id := a.page[0].Body
			a.page = nil
			return s.box.Body(s.ctx, id)
		}
		a.opening = append(a.opening, openAhead(s, a.page[0].Body))
		a.page = a.page[1:]
	}
	o := <-a.opening[0]
	a.opening = a.opening[1:]
	return o.body, o.err
}

func openAhead(s *session, id int64) chan opened {
	c := make(chan opened, 1)
	go func() {
		body, err := s.box.Body(s.ctx, id)
		c <- opened{body, err}
	}()
	return c
}

// release gives back what was opened and is not wanted after all.
func (a *ahead) release() {
	for _, c := range a.opening {
		if o := <-c; o.err == nil {
			o.body.Release()
		}
	}
	*a = ahead{}
}
