package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// Columns of a help page: the width of an 80-column terminal less a margin, and the most that the left column takes.
const (
	helpWidth = 78
	helpLeft  = 28
)

// writeHelp writes the help page of the command that ctx stands at. Its text in the catalogue is one line that says what
// the command does, an empty line, and an example or more.
func writeHelp(c *Console, w io.Writer, ctx *kong.Context) error {
	node := ctx.Selected()
	if node == nil {
		node = ctx.Model.Node
	}
	// Who asks about a command with parts asks about all of them, also when one of them is meant by nothing more.
	for node.Parent != nil && node == node.Parent.DefaultCmd && !slices.Contains(ctx.Args, node.Name) {
		node = node.Parent
	}
	var page strings.Builder
	about := node.Help
	if node.Parent == nil {
		about = "help_buzon"
	}
	fmt.Fprintf(&page, "%s\n\n%s %s\n", c.Say(about), c.Say("help_usage"), c.usage(node))
	c.writeArguments(&page, node)
	c.writeCommands(&page, node)
	c.writeFlags(&page, node)
	_, err := io.WriteString(w, page.String())
	return err
}

// usage is the form of a command line.
func (c *Console) usage(node *kong.Node) string {
	words := []string{node.FullPath()}
	if len(node.Children) > 0 {
		words = append(words, c.Say("word_command"))
	}
	for _, arg := range node.Positional {
		words = append(words, c.argument(arg))
	}
	for _, f := range node.Flags {
		words = append(words, "["+c.flag(f)+"]")
	}
	return strings.Join(words, " ")
}

// argument is the form of a positional argument; its name has a text in the catalogue.
func (c *Console) argument(arg *kong.Positional) string {
	name := c.Say("word_" + arg.Name)
	if arg.IsCumulative() {
		name += "..."
	}
	if !arg.Required {
		name = "[" + name + "]"
	}
	return name
}

func (c *Console) flag(f *kong.Flag) string {
	if f.IsBool() {
		return "--" + f.Name
	}
	if f.Enum != "" {
		return "--" + f.Name + "=" + strings.ReplaceAll(f.Enum, ",", "|")
	}
	return "--" + f.Name + "=" + c.Say(f.PlaceHolder)
}

func (c *Console) writeArguments(page *strings.Builder, node *kong.Node) {
	var rows [][2]string
	for _, arg := range node.Positional {
		rows = append(rows, [2]string{c.argument(arg), c.Say(arg.Help)})
	}
	writeRows(page, c.Say("help_arguments"), rows)
}

// writeCommands lists all commands below node, each with the first line of its text.
func (c *Console) writeCommands(page *strings.Builder, node *kong.Node) {
	var rows [][2]string
	for _, leaf := range node.Leaves(true) {
		summary, _, _ := strings.Cut(c.Say(leaf.Help), "\n")
		rows = append(rows, [2]string{leaf.Path(), summary})
	}
	writeRows(page, c.Say("help_commands"), rows)
}

func (c *Console) writeFlags(page *strings.Builder, node *kong.Node) {
	var rows [][2]string
	for _, group := range slices.Backward(node.AllFlags(true)) { // the command's own first
		for _, f := range group {
			rows = append(rows, [2]string{c.flag(f), c.Say(f.Help)})
		}
	}
	writeRows(page, c.Say("help_flags"), rows)
}

// writeRows writes two columns under a title; nothing where there are no rows.
func writeRows(page *strings.Builder, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(page, "\n%s\n", title)
	left := 0
	for _, row := range rows {
		left = max(left, min(utf8.RuneCountInString(row[0]), helpLeft))
	}
	for _, row := range rows {
		lines := wrap(row[1], helpWidth-left-4)
		first := row[0]
		if utf8.RuneCountInString(first) > left { // too long: alone on its line
			fmt.Fprintf(page, "  %s\n", first)
			first = ""
		}
		for _, line := range lines {
			fmt.Fprintf(page, "  %-*s  %s\n", left, first, line)
			first = ""
		}
	}
}

// wrap breaks a text into lines of at most width characters; there is always one.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
