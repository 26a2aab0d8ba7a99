package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/message"
)

// TestReadmeLimits holds the README's table of limits to the code: every limit
// has a row with its value of today.
func TestReadmeLimits(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	limits := reflect.ValueOf(config.DefaultLimits())
	for i := range limits.NumField() {
		row := fmt.Sprintf("| %s | %s |", limits.Type().Field(i).Name, readable(limits.Field(i).Interface()))
		if !strings.Contains(string(readme), row) {
			t.Errorf("the README has no row beginning %q", row)
		}
	}
}

// TestReadmeMIMELimits does the same for those of the parser, which knows no settings.
func TestReadmeMIMELimits(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]int{"MaxDepth": message.MaxDepth, "MaxParts": message.MaxParts, "MaxHeader": message.MaxHeader} {
		if row := fmt.Sprintf("| %s | %s |", name, readable(value)); !strings.Contains(string(readme), row) {
			t.Errorf("the README has no row beginning %q", row)
		}
	}
}

// readable is a limit as the README writes it: round octets with their unit.
func readable(v any) string {
	if d, ok := v.(time.Duration); ok {
		if d >= 24*time.Hour {
			return fmt.Sprintf("%d days", d/(24*time.Hour))
		}
		if d >= time.Minute {
			return fmt.Sprintf("%d min", d/time.Minute)
		}
		return fmt.Sprintf("%d s", d/time.Second)
	}
	n := reflect.ValueOf(v).Int()
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprint(n)
}

// TestReadmePorts does the same for the ports.
func TestReadmePorts(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	startTest(t, func(o *options) {
		o.port = func(standard int) int {
			if row := fmt.Sprintf("| %d | %d |", standard, standard+highPorts); !strings.Contains(string(readme), row) {
				t.Errorf("the README has no port row with %q", row)
			}
			return 0
		}
	})
}
