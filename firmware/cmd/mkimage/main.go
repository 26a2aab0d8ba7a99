// Command mkimage makes what is written to a card or disk, and the updates for it.
//
//	go run ./cmd/mkimage --board rpi -o buzon-rpi.img.gz --key buzon.pub
//	go run ./cmd/mkimage --board rpi --update buzon-rpi.update --sign buzon.key
//
// The same tree, version and options give the same octets, on whatever day and machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"

	"golang.org/x/term"

	"buzon/firmware/image"
	"buzon/firmware/pkg/build"
	"buzon/internal/update"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	board                       image.Board
	out, update                 string // what to make
	data, key, sign             string
	version, root, loader, init string
	append                      string // to the kernel's command line
	size                        int64  // octets
}

const usage = `go run ./cmd/mkimage --board rpi|arm64-efi|amd64-efi [-o FILE] [--update FILE --sign KEY]
    [--key KEY.pub] [--data FILE] [--version V] [--size MIB] [--loader FILE] [--append WORDS]`

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	board := flags.String("board", "", "rpi (Raspberry Pi 3, 4, 5, Zero 2 W), arm64-efi (UEFI or U-Boot) or amd64-efi (PC)")
	flags.StringVar(&o.out, "o", "", "file for the image; compressed if its name ends in .gz")
	flags.StringVar(&o.update, "update", "", "file for the update to this version, signed with --sign")
	flags.StringVar(&o.sign, "sign", "", "minisign's secret key, which signs the update")
	flags.StringVar(&o.key, "key", "", "minisign's public key, which updates of the image will need")
	flags.StringVar(&o.data, "data", "", "a file of a Buzon (a backup) to be there at the first start")
	flags.StringVar(&o.version, "version", "", "version of the system; else one by the last commit")
	flags.StringVar(&o.root, "root", "..", "folder of Buzon's source")
	flags.StringVar(&o.loader, "loader", "", "GRUB for EFI, not that of Debian")
	flags.StringVar(&o.init, "init", "", "folder of another first process: for tests")
	flags.StringVar(&o.append, "append", "", "more words for the kernel's command line, as buzon.log=console")
	mib := flags.Int64("size", 0, "MiB of the image at least, for emulators that want a power of two")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.size = *mib << 20
	if *board == "" || flags.NArg() > 0 {
		return o, errors.New(usage)
	}
	if o.board, err = image.FindBoard(*board); err != nil {
		return o, err
	}
	return o, o.check()
}

// versions are those that the header of an update and names of files take.
var versions = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~-]*$`)

func (o options) check() error {
	switch {
	case o.out == "" && o.update == "":
		return errors.New("what to make? -o FILE an image, --update FILE an update")
	case (o.update != "") != (o.sign != ""):
		return errors.New("an update is signed: --update FILE --sign KEY")
	case o.update != "" && o.data != "":
		return errors.New("an update brings no data: --data is for images")
	case o.version != "" && !versions.MatchString(o.version):
		return fmt.Errorf("%q is no version: it begins with a digit and has letters, digits, . + ~ - only", o.version)
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
	if o.version == "" {
		origin, err := build.OriginOf(ctx, o.root)
		if err != nil {
			return err
		}
		o.version = origin.Version()
	}
	folder, err := os.MkdirTemp("", "mkimage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	system, err := o.system(ctx, folder)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := o.image(ctx, system); err != nil {
			return err
		}
	}
	if o.update != "" {
		return o.makeUpdate(ctx, system)
	}
	return nil
}

// publicKey is that of a file, and none without one.
func (o options) publicKey() (update.Key, error) {
	if o.key == "" {
		if o.out != "" {
			fmt.Fprintln(os.Stderr, "mkimage: without --key the image takes no updates")
		}
		return update.Key{}, nil
	}
	text, err := os.ReadFile(o.key)
	if err != nil {
		return update.Key{}, err
	}
	key, err := update.ParseKey(string(text))
	if err != nil {
		return key, fmt.Errorf("%s: %w", o.key, err)
	}
	return key, nil
}

// password asks for the key's: from the environment, or on the terminal.
func password() (string, error) {
	if p, there := os.LookupEnv("MINISIGN_PASSWORD"); there {
		return p, nil
	}
	fmt.Fprint(os.Stderr, "Password of the key: ")
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	return strings.TrimSpace(string(p)), err
}
