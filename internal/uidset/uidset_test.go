package uidset

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func list(s Set) (out []uint32) {
	s.All(func(u uint32) bool { out = append(out, u); return true })
	return out
}

// Every operation agrees with the same operation on a plain map.
func TestSetAgainstMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := func() (Set, map[uint32]bool) {
		var rs []Range
		m := map[uint32]bool{}
		for range rnd.IntN(8) {
			lo := 1 + rnd.Uint32N(60)
			r := Range{lo, lo + rnd.Uint32N(6)}
			rs = append(rs, r)
			for u := r.Lo; u <= r.Hi; u++ {
				m[u] = true
			}
		}
		return Of(rs...), m
	}
	for range 5000 {
		a, am := random()
		b, bm := random()
		check := func(name string, got Set, want func(u uint32) bool) {
			t.Helper()
			var w []uint32
			for u := uint32(0); u < 80; u++ {
				if want(u) {
					w = append(w, u)
				}
			}
			if !slices.Equal(list(got), w) || got.Len() != len(w) {
				t.Fatalf("%s of %v and %v: got %v, want %v", name, a.Ranges(), b.Ranges(), list(got), w)
			}
			for i, u := range w {
				if got.Seq(u) != uint32(i+1) || got.UID(uint32(i+1)) != u || !got.Has(u) {
					t.Fatalf("%s: UID %d of %v: Seq %d UID(%d) %d", name, u, got.Ranges(), got.Seq(u), i+1, got.UID(uint32(i+1)))
				}
			}
		}
		check("Of", a, func(u uint32) bool { return am[u] })
		check("Or", a.Or(b), func(u uint32) bool { return am[u] || bm[u] })
		check("And", a.And(b), func(u uint32) bool { return am[u] && bm[u] })
		check("AndNot", a.AndNot(b), func(u uint32) bool { return am[u] && !bm[u] })
	}
}

func TestEdges(t *testing.T) {
	top := Of(Range{1, ^uint32(0)})
	if top.UID(uint32(top.Len())) != ^uint32(0) || top.AndNot(top).Len() != 0 {
		t.Error("the whole range")
	}
	if s := Of(Range{5, 9}, Range{20, 20}).Slice(4, 100); !slices.Equal(list(s), []uint32{8, 9, 20}) {
		t.Errorf("Slice: %v", s.Ranges())
	}
	var z Set
	if z.Min() != 0 || z.Max() != 0 || z.UID(1) != 0 || z.Seq(1) != 0 || z.Slice(1, 5).Len() != 0 {
		t.Error("the empty set")
	}
}
