package store

import (
	"slices"
	"testing"
)

// A day's samples are one row: what was written adds up, the rest is the last one's. Care forgets days of long ago.
func TestFigures(t *testing.T) {
	s, c := openAt(t)
	add := func(f Figure) {
		t.Helper()
		check(t, s.AddFigure(t.Context(), f))
	}
	want := func(what string, want ...Figure) {
		t.Helper()
		got, err := s.Figures(t.Context(), 2)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", what, got, err, want)
		}
	}
	want("none")
	long := c.now().Add(-keepFigures - day).UTC().Format("2006-01-02")
	add(Figure{Day: long, Used: 1})
	add(Figure{Day: "2027-01-14", Used: 1, Free: 2, File: 3, Written: 4, Device: 5})
	add(Figure{Day: "2027-01-14", Used: 10, Free: 20, File: 30, Written: 40, Device: 50})
	last := Figure{Day: "2027-01-14", Used: 10, Free: 20, File: 30, Written: 44, Device: 55}
	want("two of a day", last, Figure{Day: long, Used: 1})
	check(t, s.Care(t.Context()))
	want("after the care", last)
	add(Figure{Day: "2027-01-15"})
	add(Figure{Day: "2027-01-16"})
	want("the latest two", Figure{Day: "2027-01-16"}, Figure{Day: "2027-01-15"})
}
