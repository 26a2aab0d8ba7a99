package store

import (
	"slices"
	"testing"
	"time"
)

// What stays is not written again, what changed is, and what is not examined any more goes.
func TestFindings(t *testing.T) {
	s, clock := openAt(t)
	ctx := t.Context()
	if list, at, err := s.Findings(ctx); err != nil || list != nil || !at.IsZero() {
		t.Fatalf("before: %v %v %v", list, at, err)
	}
	first := clock.now()
	mx := Finding{Check: "mx", Domain: "example.org", Verdict: "pass", Words: `{"reason":{}}`}
	disk := Finding{Check: "disk", Verdict: "pass", Words: "{}"}
	if err := s.KeepFindings(ctx, []Finding{mx, disk}, first); err != nil {
		t.Fatal(err)
	}
	later := first.Add(24 * time.Hour)
	for _, step := range []struct {
		name string
		list []Finding
		want []Finding
	}{
		{"the same", []Finding{disk, mx}, []Finding{since(disk, first), since(mx, first)}},
		{"another verdict", []Finding{disk, verdict(mx, "fail")}, []Finding{since(disk, first), since(verdict(mx, "fail"), later)}},
		{"one fewer", []Finding{disk}, []Finding{since(disk, first)}},
		{"none", nil, nil},
	} {
		if err := s.KeepFindings(ctx, step.list, later); err != nil {
			t.Fatal(err)
		}
		got, at, err := s.Findings(ctx)
		for i := range got {
			got[i].Since = got[i].Since.UTC()
		}
		if err != nil || !at.Equal(later) || !slices.Equal(got, step.want) {
			t.Errorf("%s: %+v at %s, %v", step.name, got, at, err)
		}
	}
}

func since(f Finding, t time.Time) Finding { f.Since = t.UTC().Truncate(time.Second); return f }

func verdict(f Finding, v string) Finding { f.Verdict = v; return f }
