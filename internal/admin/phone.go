package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"buzon/internal/cli"
	"buzon/internal/message"
	"buzon/internal/phone"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/trust"
)

// Kinds of devices.
const (
	kindComputer = "computer"
	kindAndroid  = "android"
	kindIPhone   = "iphone"
)

type phoneCommand struct {
	Address string `arg:"" help:"arg_address"`
	Kind    string `help:"flag_phone_kind" enum:"computer,android,iphone" default:"computer"`
	Device  string `help:"flag_phone_device" placeholder:"word_name"`
	Output  string `help:"flag_phone_output" placeholder:"word_file" type:"path"`
	JSON    bool   `help:"flag_json"`
}

// phoneItem is the settings for programs.
type phoneItem struct {
	Address  string `json:"address"`
	Name     string `json:"name"` // of the person
	Device   string `json:"device"`
	User     string `json:"user"`
	Password string `json:"password"`
	Host     string `json:"host"`
	IMAP     int    `json:"imap_port"` // with TLS from the first octet, as the other
	SMTP     int    `json:"smtp_port"`
	QR       string `json:"qr"`             // what the code for Thunderbird on Android says
	File     string `json:"file,omitempty"` // the profile
}

// Run gives a device a password of its own and says how to set it up. What could fail is looked at before the password is
// made; when something fails all the same, it is removed again.
func (cmd *phoneCommand) Run(ctx context.Context, d *Desk) error {
	if cmd.Output != "" && cmd.Kind != kindIPhone {
		return cli.Misuse("usage_phone_output")
	}
	acc, err := d.accountItself(ctx, cmd.Address)
	if err != nil {
		return err
	}
	s := phone.New(acc.Name, acc.Address, message.Address{Domain: records.Host(d.st, acc.Address.Domain)}.ASCIIDomain())
	signer, err := cmd.prepare(ctx, d.st, s)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // Ctrl-C must not leave a password that nobody has seen
	s, err = phone.Fresh(ctx, d.st, acc.Address, s, cmd.device(d))
	if err != nil {
		return explain(err, cmd.device(d))
	}
	if err := cmd.show(d, s, signer); err != nil {
		return errors.Join(err, phone.Forget(ctx, d.st, acc.Address, s))
	}
	d.Note("note_phone_made", "device", s.Device, "address", acc.Address)
	return nil
}

// device is what the password is called.
func (cmd *phoneCommand) device(d *Desk) string {
	if cmd.Device != "" {
		return cmd.Device
	}
	return d.Say(map[string]string{
		kindComputer: "phone_device_computer", kindAndroid: "phone_device_android", kindIPhone: "phone_device_iphone",
	}[cmd.Kind])
}

// prepare sees that a profile can be written, and finds what signs it.
func (cmd *phoneCommand) prepare(ctx context.Context, st *store.Store, s phone.Settings) (*tls.Certificate, error) {
	if cmd.Kind != kindIPhone {
		return nil, nil
	}
	if cmd.Output == "" {
		cmd.Output = phone.FileName(s)
	}
	if _, err := os.Lstat(cmd.Output); err == nil {
		return nil, cli.Fail("error_file_exists", "file", cmd.Output)
	}
	if _, err := os.Stat(filepath.Dir(cmd.Output)); errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Fail("error_no_folder", "folder", filepath.Dir(cmd.Output))
	}
	signer, err := trust.Signer(ctx, st)
	if errors.Is(err, trust.ErrNoCertificate) {
		err = cli.Fail("error_phone_certificate")
	}
	return signer, err
}

func (cmd *phoneCommand) show(d *Desk, s phone.Settings, signer *tls.Certificate) error {
	if cmd.Kind == kindIPhone {
		if err := cmd.writeProfile(d, s, signer); err != nil {
			return err
		}
	}
	if cmd.JSON {
		return d.JSON(phoneItem{
			Address: s.Address, Name: s.Name, Device: s.Device, User: s.Address, Password: s.Password,
			Host: s.Host, IMAP: s.IMAP, SMTP: s.SMTP, QR: phone.Thunderbird(s), File: cmd.Output,
		})
	}
	switch cmd.Kind {
	case kindIPhone:
		d.Println("done_phone_profile", "file", cmd.Output)
		return nil
	case kindAndroid:
		return cmd.printCode(d, s)
	}
	_, err := fmt.Fprint(d.Out, phone.Plain(s, d.Catalogue))
	return err
}

// printCode prints the QR code, and the settings for those who cannot scan it.
func (cmd *phoneCommand) printCode(d *Desk, s phone.Settings) error {
	code, err := phone.Blocks(phone.Thunderbird(s))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(d.Out, "%s\n%s", phone.Plain(s, d.Catalogue), code); err != nil {
		return err
	}
	d.Note("note_phone_android")
	return nil
}

// writeProfile makes a file that only its owner may read: the password is in it.
func (cmd *phoneCommand) writeProfile(d *Desk, s phone.Settings, signer *tls.Certificate) error {
	profile, err := phone.MobileConfig(s, d.Catalogue, signer)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(cmd.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(profile)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(cmd.Output) // half a profile is none
	}
	return err
}
