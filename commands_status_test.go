package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// The status tells how full the disk is and how it wears, in words and in figures.
func TestStatusOfTheDisk(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.db")
	if got := buzon(t, "", "domain", "add", "example.org", "--data", data); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	for lang, want := range map[string][]string{"en": {"Disk ", " used, ", "Wear ", "Not known yet"}, "es": {"Disco ", " ocupados, ", "Desgaste ", "Aún no se sabe"}} {
		got := buzonIn(t, lang, "", "status", "--data", data)
		for _, words := range want {
			if got.status != 0 || !strings.Contains(got.out, words) {
				t.Errorf("%s: no %q in %+v", lang, words, got)
			}
		}
	}
	var items []struct {
		Topic string
		Disk  *struct{ Used, Free, File int64 }
	}
	got := buzon(t, "", "status", "--json", "--data", data)
	if err := json.Unmarshal([]byte(got.out), &items); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	found := 0
	for _, item := range items {
		if d := item.Disk; d != nil {
			found++
			if item.Topic != "Disk" || d.Used <= 0 || d.Free <= 0 || d.File <= 0 {
				t.Errorf("%+v", item)
			}
		}
	}
	if found != 1 {
		t.Errorf("figures of the disk: %d in %s", found, got.out)
	}
}
