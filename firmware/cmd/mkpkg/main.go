// Command mkpkg makes the packages of Buzon: for Debian and Raspberry Pi OS, for routers with OpenWrt, as a container image,
// and as an archive for the rest; with the sums of all and their signature.
//
// The same tree, version and key give the same octets, on whatever day and machine. Times in the packages are those of the
// tree's last commit, or of SOURCE_DATE_EPOCH.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/term"

	"buzon/firmware/pkg/build"
	"buzon/firmware/pkg/sums"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkpkg:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	out, version, key, root string
	only, targets           []string
}

// kinds are what can be made, in the order in which it is.
func kinds() []string { return []string{"deb", "ipk", "openwrt", "oci", "static"} }

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mkpkg", flag.ContinueOnError)
	flags.StringVar(&o.out, "o", "", "folder for the packages; it is made")
	flags.StringVar(&o.version, "version", "", "version of the packages; else one by the last commit")
	flags.StringVar(&o.key, "key", "", "minisign's secret key, which signs the sums")
	flags.StringVar(&o.root, "root", "..", "folder of Buzon's source")
	only := flags.String("only", strings.Join(kinds(), ","), "which kinds of packages")
	machines := flags.String("targets", strings.Join(names(), ","), "for which machines")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "go run ./cmd/mkpkg -o DIR [--version V] [--key FILE] [--only deb,ipk,openwrt,oci,static] [--targets amd64,...]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only, o.targets = strings.Split(*only, ","), strings.Split(*machines, ",")
	return o, o.check(flags.NArg())
}

func names() []string {
	var all []string
	for _, t := range build.Targets() {
		all = append(all, t.Name)
	}
	return all
}

// versions are those that names of files, tar archives and Debian's and OpenWrt's tools all take.
var versions = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~]*$`)

func (o options) check(rest int) error {
	for _, k := range o.only {
		if !slices.Contains(kinds(), k) {
			return fmt.Errorf("no kind of package is called %q; there are %s", k, strings.Join(kinds(), ", "))
		}
	}
	for _, t := range o.targets {
		if _, err := build.Find(t); err != nil {
			return err
		}
	}
	switch {
	case rest > 0:
		return errors.New("too many arguments")
	case o.out == "":
		return errors.New("where to put the packages? -o DIR")
	case o.version != "" && !versions.MatchString(o.version):
		return fmt.Errorf("%q is no version: it begins with a digit and has letters, digits, . + ~ only", o.version)
	}
	return nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	origin, err := build.OriginOf(ctx, o.root)
	if err != nil {
		return err
	}
	if o.version == "" {
		o.version = origin.Version()
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	m, err := newMaker(ctx, o, origin.When)
	if err != nil {
		return err
	}
	defer m.close()
	if err := m.all(ctx); err != nil {
		return err
	}
	return m.seal()
}

// password asks for the key's: from the environment, or on the terminal.
func password() (string, error) {
	if p, there := os.LookupEnv("MINISIGN_PASSWORD"); there {
		return p, nil
	}
	fmt.Fprint(os.Stderr, "Password of the key: ")
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	return string(p), err
}

// seal sums up what was made, and signs it.
func (m *maker) seal() error {
	if err := sums.Write(m.out, m.made); err != nil {
		return err
	}
	if m.key == "" {
		return nil
	}
	key, err := sums.Key(m.key, password)
	if err != nil {
		return err
	}
	return sums.Sign(m.out, key, m.version)
}
