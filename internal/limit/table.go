package limit

import (
	"container/list"
	"iter"
)

// Table is a map of bounded size that forgets what was touched longest ago. The zero value is ready. It is not safe for
// concurrent use.
type Table[K comparable, V any] struct {
	entries map[K]*list.Element // of row[K, V]
	recent  list.List           // last touched first
}

type row[K comparable, V any] struct {
	key   K
	value V
}

// Get finds and touches an entry; nil where there is none.
func (t *Table[K, V]) Get(k K) *V {
	e, ok := t.entries[k]
	if !ok {
		return nil
	}
	t.recent.MoveToFront(e)
	return &e.Value.(*row[K, V]).value
}

// peek is Get without touching.
func (t *Table[K, V]) peek(k K) *V {
	if e, ok := t.entries[k]; ok {
		return &e.Value.(*row[K, V]).value
	}
	return nil
}

// Make finds or adds an entry and touches it. Where that makes more than most, the oldest goes.
func (t *Table[K, V]) Make(k K, most int) *V {
	if v := t.Get(k); v != nil {
		return v
	}
	if t.entries == nil {
		t.entries = make(map[K]*list.Element)
	}
	for len(t.entries) >= max(most, 1) {
		t.Remove(t.recent.Back().Value.(*row[K, V]).key)
	}
	r := &row[K, V]{key: k}
	t.entries[k] = t.recent.PushFront(r)
	return &r.value
}

// Remove forgets an entry.
func (t *Table[K, V]) Remove(k K) {
	if e, ok := t.entries[k]; ok {
		t.recent.Remove(e)
		delete(t.entries, k)
	}
}

// Len is how many entries there are.
func (t *Table[K, V]) Len() int { return len(t.entries) }

// All gives the entries, the last touched first, without touching them.
func (t *Table[K, V]) All() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		for e := t.recent.Front(); e != nil; e = e.Next() {
			r := e.Value.(*row[K, V])
			if !yield(r.key, &r.value) {
				return
			}
		}
	}
}
