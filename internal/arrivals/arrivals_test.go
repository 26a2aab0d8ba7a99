package arrivals

import (
	"fmt"
	"testing"
)

func TestLast(t *testing.T) {
	var l Log
	if got := l.Last(10); got != nil {
		t.Errorf("empty: %v", got)
	}
	for i := range 3*kept + 7 {
		l.Add(Arrival{ID: fmt.Sprint(i)})
		last := l.Last(2 * kept)
		if len(last) != min(i+1, kept) {
			t.Fatalf("after %d: %d", i+1, len(last))
		}
		for back, a := range last {
			if a.ID != fmt.Sprint(i-back) {
				t.Fatalf("after %d: number %d from the end is %s", i+1, back, a.ID)
			}
		}
	}
	if got := l.Last(2); len(got) != 2 || got[0].ID != fmt.Sprint(3*kept+6) {
		t.Errorf("the last two: %v", got)
	}
}
