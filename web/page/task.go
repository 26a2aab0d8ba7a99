package page

import (
	"context"
	"slices"
	"sync"
	"time"
)

// task is something that takes longer than a request: an examination, a test, an update. One goes on at a time; it does not
// end with the request that began it, but with the page. What it says is kept until the next begins.
type task[T any] struct {
	mu    sync.Mutex
	state taskState[T]
	bells []chan struct{}
}

// taskState is how far it is.
type taskState[T any] struct {
	Running bool
	Begun   time.Time // zero: never, since the start
	Said    []T
	Problem string // of the end; "" is none
}

// start runs do in the background; false says that one is under way. do says what it finds, and why it failed in words.
func (t *task[T]) start(p *Page, limit time.Duration, do func(ctx context.Context, say func(T)) (problem string)) bool {
	return t.begin(p, limit, do) != nil
}

// run is start for who waits for the end.
func (t *task[T]) run(p *Page, limit time.Duration, do func(ctx context.Context, say func(T)) (problem string)) bool {
	ended := t.begin(p, limit, do)
	if ended == nil {
		return false
	}
	<-ended
	return true
}

// begin gives what is closed at the end; nil says that one is under way, or that the page is closed.
func (t *task[T]) begin(p *Page, limit time.Duration, do func(ctx context.Context, say func(T)) (problem string)) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.Running {
		return nil
	}
	ended := make(chan struct{})
	began := p.background(func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(p.ctx, limit)
		defer cancel()
		t.end(do(ctx, t.say))
	})
	if !began {
		return nil
	}
	t.state = taskState[T]{Running: true, Begun: p.Now()}
	t.ring()
	return ended
}

// background does something that Close waits for; false says that the page is closed.
func (p *Page) background(do func()) bool {
	p.closing.Lock()
	defer p.closing.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.running.Go(do)
	return true
}

// maxSaid is how many lines a task keeps, the last ones.
const maxSaid = 500

func (t *task[T]) say(line T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.state.Said) >= maxSaid {
		t.state.Said = slices.Delete(t.state.Said, 0, 1)
	}
	t.state.Said = append(t.state.Said, line)
	t.ring()
}

func (t *task[T]) end(problem string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Running, t.state.Problem = false, problem
	t.ring()
}

func (t *task[T]) ring() {
	for _, bell := range t.bells {
		select {
		case bell <- struct{}{}:
		default: // already rung
		}
	}
}

// now is how far it is.
func (t *task[T]) now() taskState[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	state := t.state
	state.Said = slices.Clone(state.Said)
	return state
}

// watch is a bell until stop.
func (t *task[T]) watch() (bell chan struct{}, stop func()) {
	bell = make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bells = append(t.bells, bell)
	return bell, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.bells = slices.DeleteFunc(t.bells, func(c chan struct{}) bool { return c == bell })
	}
}
