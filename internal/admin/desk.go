// Package admin is the commands by which an owner runs a Buzon: domains, accounts, passwords, aliases, settings. They
// work on the file, whether or not a server runs on it. A file a noun; every command is a struct whose fields are its
// arguments and whose Run does it.
package admin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"buzon/internal/cli"
	"buzon/internal/doctor"
	"buzon/internal/message"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/update"
)

// Commands is all of them, to be embedded in the grammar of the command line.
type Commands struct {
	Domain      domainCommands      `cmd:"" help:"help_domain"`
	DNS         dnsCommand          `cmd:"" name:"dns" help:"help_dns"`
	Cert        certCommands        `cmd:"" help:"help_cert"`
	DKIM        dkimCommands        `cmd:"" name:"dkim" help:"help_dkim"`
	Account     accountCommands     `cmd:"" help:"help_account"`
	AppPassword appPasswordCommands `cmd:"" name:"app-password" help:"help_app_password"`
	Phone       phoneCommand        `cmd:"" help:"help_phone"`
	Passkey     passkeyCommands     `cmd:"" help:"help_passkey"`
	Alias       aliasCommands       `cmd:"" help:"help_alias"`
	Mailbox     mailboxCommands     `cmd:"" help:"help_mailbox"`
	Forward     forwardCommands     `cmd:"" help:"help_forward"`
	Vacation    vacationCommands    `cmd:"" help:"help_vacation"`
	Relay       relayCommands       `cmd:"" help:"help_relay"`
	Queue       queueCommands       `cmd:"" help:"help_queue"`
	History     historyCommand      `cmd:"" help:"help_history"`
	Sending     sendingCommands     `cmd:"" help:"help_sending"`
	Block       blockCommands       `cmd:"" help:"help_block"`
	Allow       allowCommands       `cmd:"" help:"help_allow"`
	Refused     refusedCommands     `cmd:"" help:"help_refused"`
	Guard       guardCommands       `cmd:"" help:"help_guard"`
	Settings    settingsCommands    `cmd:"" help:"help_settings"`
	Junk        junkCommands        `cmd:"" help:"help_junk"`
	SearchIndex searchIndexCommands `cmd:"" name:"search-index" help:"help_search_index"`
	Status      statusCommand       `cmd:"" help:"help_status"`
	Doctor      doctorCommand       `cmd:"" help:"help_doctor"`
	Outside     outsideCommand      `cmd:"" help:"help_outside"`
	Backup      backupCommand       `cmd:"" help:"help_backup"`
	Restore     restoreCommand      `cmd:"" help:"help_restore"`
	Update      updateCommands      `cmd:"" help:"help_update"`
	Version     versionCommand      `cmd:"" help:"help_version"`
}

// Desk is what a command works with: the person's terminal, and the file, which is opened when a command asks for it.
type Desk struct {
	*cli.Console
	path string
	open Doors
	now  func() time.Time
	here func() update.Place // how this Buzon came here
	st   *store.Store
}

// Doors are how a Desk gets at what is made elsewhere.
type Doors struct {
	Store   func(ctx context.Context) (*store.Store, error)
	Sending func(ctx context.Context, st *store.Store) (*sending.Sending, error)
	Doctor  func(st *store.Store, s *sending.Sending) *doctor.Doctor
}

// NewDesk makes the desk of one command line; open.Store opens the file at path.
func NewDesk(c *cli.Console, path string, open Doors) *Desk {
	return &Desk{Console: c, path: path, open: open, now: time.Now, here: update.Here}
}

// Close closes the file if a command opened it.
func (d *Desk) Close() error {
	if d.st == nil {
		return nil
	}
	return d.st.Close()
}

// store opens the file. That there is none is more often a mistake in --data than a wish for a new one.
func (d *Desk) store(ctx context.Context) (*store.Store, error) {
	if _, err := os.Stat(d.path); errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Fail("error_no_file", "file", d.path)
	}
	return d.storeOrNew(ctx)
}

// storeOrNew opens the file, or makes it and says so: for the commands with which one begins.
func (d *Desk) storeOrNew(ctx context.Context) (*store.Store, error) {
	_, missing := os.Stat(d.path)
	st, err := d.open.Store(ctx)
	if err != nil {
		return nil, err
	}
	d.st = st
	if errors.Is(missing, fs.ErrNotExist) {
		d.Note("note_new_file", "file", d.path)
	}
	return st, nil
}

// address reads an address that a person typed.
func address(s string) (message.Address, error) {
	a, err := message.ParseAddress(s)
	if err != nil || a.Domain == "" {
		return message.Address{}, cli.Fail("error_address", "address", s)
	}
	return a, nil
}

// domain brings a domain that a person typed into the form of the store.
func domain(s string) (string, error) {
	a, err := message.ParseAddress("postmaster@" + s)
	if err != nil {
		return "", cli.Fail("error_domain", "domain", s)
	}
	return a.Domain, nil
}

// explain puts the store's known errors in the person's words; what is the name or address that the command was about.
func explain(err error, what any) error {
	var problem *cli.Problem
	if err == nil || errors.As(err, &problem) {
		return err
	}
	for _, known := range []struct {
		err error
		key string
	}{
		{store.ErrNoAccount, "error_no_account"},
		{store.ErrNoAlias, "error_no_alias"},
		{store.ErrExists, "error_exists"},
		{store.ErrInUse, "error_domain_in_use"},
		{store.ErrBadName, "error_bad_name"},
		{store.ErrBadPassword, "error_bad_password"},
	} {
		if errors.Is(err, known.err) {
			return cli.Fail(known.key, "what", what)
		}
	}
	return err
}
