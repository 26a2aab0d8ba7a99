package limit

import "container/list"

// table is a map of bounded size that forgets what was touched longest ago.
type table[K comparable, V any] struct {
	entries map[K]*list.Element // of row[K, V]
	recent  list.List           // last touched first
}

type row[K comparable, V any] struct {
	key   K
	value V
}

// get finds and touches an entry; nil where there is none.
func (t *table[K, V]) get(k K) *V {
	e, ok := t.entries[k]
	if !ok {
		return nil
	}
	t.recent.MoveToFront(e)
	return &e.Value.(*row[K, V]).value
}

// make finds or adds an entry and touches it. Where that makes more than most, the oldest goes.
func (t *table[K, V]) make(k K, most int) *V {
	if v := t.get(k); v != nil {
		return v
	}
	if t.entries == nil {
		t.entries = make(map[K]*list.Element)
	}
	for len(t.entries) >= max(most, 1) {
		t.remove(t.recent.Back().Value.(*row[K, V]).key)
	}
	r := &row[K, V]{key: k}
	t.entries[k] = t.recent.PushFront(r)
	return &r.value
}

func (t *table[K, V]) remove(k K) {
	if e, ok := t.entries[k]; ok {
		t.recent.Remove(e)
		delete(t.entries, k)
	}
}
