package cli

import (
	"encoding/json"
	"fmt"
	"io"
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

// pageRows is how many rows of a stream share the width of their columns: as many as are held in memory.
const pageRows = 200

// Stream is List for what may be longer than memory: each gives one item after the other.
func Stream[T any](c *Console, asJSON bool, each func(give func(T) error) error, head, none string, row func(T) []string) error {
	if asJSON {
		return streamJSON(c, each)
	}
	var page [][]string
	any := false
	err := each(func(item T) error {
		any = true
		if page = append(page, row(item)); len(page) < pageRows {
			return nil
		}
		err := c.Table(head, page)
		page = page[:0]
		return err
	})
	if err != nil {
		return err
	}
	if !any {
		c.Note(none)
	}
	if len(page) == 0 {
		return nil
	}
	return c.Table(head, page)
}

// streamJSON writes an array, a line for each item.
func streamJSON[T any](c *Console, each func(give func(T) error) error) error {
	enc := json.NewEncoder(c.Out)
	enc.SetEscapeHTML(false)
	before := "["
	err := each(func(item T) error {
		if _, err := io.WriteString(c.Out, before); err != nil {
			return err
		}
		before = ","
		return enc.Encode(item)
	})
	if err != nil {
		return err
	}
	end := "]\n"
	if before == "[" {
		end = "[]\n"
	}
	_, err = io.WriteString(c.Out, end)
	return err
}
