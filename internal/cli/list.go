package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// JSON writes v for programs.
func (c *Console) JSON(v any) error {
	enc := json.NewEncoder(c.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Table writes rows under a head, whose columns the text of key names, with commas between.
func (c *Console) Table(key string, rows [][]string) error {
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(strings.Split(c.Say(key), ", "), "\t"))
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// List writes items as JSON or as a table. An empty table is a note instead: the text of none, which says how to begin.
func List[T any](c *Console, asJSON bool, items []T, head, none string, row func(T) []string) error {
	if asJSON {
		return c.JSON(append([]T{}, items...)) // [] and not null where there are none
	}
	if len(items) == 0 {
		c.Note(none)
		return nil
	}
	rows := make([][]string, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	return c.Table(head, rows)
}
