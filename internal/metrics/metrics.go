// Package metrics counts what the appliance does, for Prometheus and for the page: a fixed set of counters and gauges, made
// at the start, in the text format 0.0.4 that everything reads.
//
// Invariants: counting is one atomic addition and never fails; labels have a fixed set of values, so that no stranger can
// make up series; the handler answers this machine alone, because the numbers tell when somebody is at home.
package metrics

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
)

// Counter only grows. The zero value is ready.
type Counter struct{ n atomic.Int64 }

// Add counts n, which is not negative.
func (c *Counter) Add(n int64) { c.n.Add(max(n, 0)) }

// Inc counts one.
func (c *Counter) Inc() { c.n.Add(1) }

// Value is what was counted.
func (c *Counter) Value() int64 { return c.n.Load() }

// other is the value that takes what is none of a Family's.
const other = "other"

// Family is counters of one name, told apart by the value of a label.
type Family struct {
	label    string
	values   []string
	counters []Counter
}

// Of is the counter of a value; what is none of the Family's counts as "other".
func (f *Family) Of(value string) *Counter {
	i := slices.Index(f.values, value)
	if i < 0 {
		i = len(f.values) - 1
	}
	return &f.counters[i]
}

// Registry is a fixed set. Add everything before the first Write.
type Registry struct{ all []metric }

type metric struct {
	name, help, kind string
	write            func(b *strings.Builder, name string)
}

// Counter adds a counter. By custom its name ends in _total.
func (r *Registry) Counter(name, help string) *Counter {
	c := new(Counter)
	r.add(name, help, "counter", func(b *strings.Builder, name string) { fmt.Fprintf(b, "%s %d\n", name, c.Value()) })
	return c
}

// Family adds counters for the values of a label, and one for "other".
func (r *Registry) Family(name, help, label string, values ...string) *Family {
	f := &Family{label: label, values: append(slices.Clone(values), other)}
	f.counters = make([]Counter, len(f.values))
	r.add(name, help, "counter", func(b *strings.Builder, name string) {
		for i, value := range f.values {
			fmt.Fprintf(b, "%s{%s=\"%s\"} %d\n", name, label, escape(value, true), f.counters[i].Value())
		}
	})
	return f
}

// Gauge adds a number that goes up and down; read is asked at every Write, and may tell that it does not know.
func (r *Registry) Gauge(name, help string, read func() (n float64, known bool)) {
	r.add(name, help, "gauge", func(b *strings.Builder, name string) {
		if n, known := read(); known {
			fmt.Fprintf(b, "%s %g\n", name, n)
		}
	})
}

// Read adds a counter that somebody else counts.
func (r *Registry) Read(name, help string, read func() int64) {
	r.add(name, help, "counter", func(b *strings.Builder, name string) { fmt.Fprintf(b, "%s %d\n", name, read()) })
}

func (r *Registry) add(name, help, kind string, write func(*strings.Builder, string)) {
	r.all = append(r.all, metric{name, help, kind, write})
}

// WriteTo writes all in the text format. It implements io.WriterTo.
func (r *Registry) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for _, m := range r.all {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", m.name, escape(m.help, false), m.name, m.kind)
		m.write(&b, m.name)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// escape is what the format asks of help texts, and of the values of labels.
func escape(text string, label bool) string {
	text = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(text)
	if label {
		text = strings.ReplaceAll(text, `"`, `\"`)
	}
	return text
}
