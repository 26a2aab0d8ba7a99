package cli

import (
	"errors"

	"github.com/alecthomas/kong"
)

// errHelpShown ends a command line that asked for help only.
var errHelpShown = errors.New("help shown")

// HelpFlag is --help on every command.
type HelpFlag bool

// BeforeReset comes before anything is checked: a half-written command gets its help too.
func (HelpFlag) BeforeReset(ctx *kong.Context, c *Console) error {
	if err := writeHelp(c, c.Out, ctx); err != nil {
		return err
	}
	return errHelpShown
}

// Parse understands the arguments by the fields of grammar, whose help texts and placeholders are keys of the catalogue.
// The help page looks them up: given to kong as variables they would be looked through again for every flag at every start,
// which cost 3 MB and a third of the start.
func (c *Console) Parse(grammar any, args []string) (*kong.Context, error) {
	parser, err := kong.New(grammar,
		kong.Name("buzon"),
		kong.NoDefaultHelp(),
		kong.Bind(c),
	)
	if err != nil {
		return nil, err
	}
	ctx, err := parser.Parse(args)
	if err != nil && !errors.Is(err, errHelpShown) {
		return nil, c.misuse(err)
	}
	return ctx, err
}
