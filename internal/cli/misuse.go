package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// misuse puts an error of the parser in the person's words. The parser's errors are English text without types, so what
// is wrong is looked up in the command line itself.
func (c *Console) misuse(err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context == nil {
		return err
	}
	ctx := parse.Context
	node := selected(ctx)
	help := "buzon help " + node.Path()
	if flag, ok := unknownFlag(node, ctx.Args); ok {
		return Misuse("usage_unknown_flag", "flag", flag, "help", strings.TrimSpace(help))
	}
	if len(node.Children) > 0 {
		return Misuse("usage_command", "choices", strings.Join(childNames(node), ", "), "help", strings.TrimSpace(help))
	}
	if flag, ok := badChoice(node); ok {
		return Misuse("usage_choice", "flag", "--"+flag.Name, "choices", strings.Join(flag.EnumSlice(), ", "))
	}
	return Misuse("usage_form", "usage", c.usage(node), "help", help)
}

// selected is the command as far as it was understood. The default command counts only where nothing was left over:
// somebody who wrote "buzon acount list" did not mean it.
func selected(ctx *kong.Context) *kong.Node {
	node := ctx.Model.Node
	for _, arg := range ctx.Args {
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == arg })
		if i >= 0 {
			node = node.Children[i]
		}
	}
	if node == ctx.Model.Node && !strayWord(node, ctx.Args) && node.DefaultCmd != nil {
		return node.DefaultCmd
	}
	return node
}

// strayWord tells whether there is an argument that is neither a flag nor the value of one.
func strayWord(node *kong.Node, args []string) bool {
	valued := false
	for _, arg := range args {
		switch {
		case arg == "--":
			return true
		case strings.HasPrefix(arg, "-"):
			valued = takesNext(flags(node), arg)
		case valued:
			valued = false
		default:
			return true
		}
	}
	return false
}

// takesNext tells whether arg is a flag whose value is the next argument.
func takesNext(flags []*kong.Flag, arg string) bool {
	name, _, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(flags, func(f *kong.Flag) bool { return f.Name == name })
	return i >= 0 && !given && !flags[i].IsBool()
}

func unknownFlag(node *kong.Node, args []string) (string, bool) {
	known := flags(node)
	for _, arg := range args {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(arg, "=")
		if len(name) < 2 || name[0] != '-' {
			continue
		}
		if !slices.ContainsFunc(known, func(f *kong.Flag) bool { return isFlag(f, name) }) {
			return name, true
		}
	}
	return "", false
}

func isFlag(f *kong.Flag, arg string) bool {
	return arg == "--"+f.Name || f.Short != 0 && arg == "-"+string(f.Short) ||
		f.Negated && arg == "--no-"+f.Name
}

// flags are those of a command, with those of its parents and of the default command below it.
func flags(node *kong.Node) []*kong.Flag {
	all := slices.Concat(node.AllFlags(false)...)
	if node.DefaultCmd != nil {
		all = append(all, node.DefaultCmd.Flags...)
	}
	return all
}

func badChoice(node *kong.Node) (*kong.Flag, bool) {
	for _, f := range flags(node) {
		given := f.Target.String()
		if f.Enum != "" && given != "" && !f.EnumMap()[given] {
			return f, true
		}
	}
	return nil, false
}

func childNames(node *kong.Node) []string {
	var names []string
	for _, child := range node.Children {
		names = append(names, child.Name)
	}
	return names
}
