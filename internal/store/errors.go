package store

import (
	"errors"
	"syscall"

	"zombiezen.com/go/sqlite"
)

// Errors that callers turn into a reply of their protocol; test with errors.Is.
var (
	ErrNoAccount     = errors.New("no such account")
	ErrNoDomain      = errors.New("no such domain")
	ErrNoAlias       = errors.New("no such alias")
	ErrNoAppPassword = errors.New("no such app password")
	ErrNoPasskey     = errors.New("no such passkey")
	ErrNoMailbox     = errors.New("no such mailbox")
	ErrNoMessage     = errors.New("no such message") // it was removed meanwhile
	ErrNoRelay       = errors.New("no such relay")
	ErrNoDKIMKey     = errors.New("no such DKIM key")
	ErrNoForward     = errors.New("the account does not forward its mail")
	ErrNoRule        = errors.New("no such rule")
	ErrNoRefusal     = errors.New("no such refusal")
	ErrLastAdmin     = errors.New("nobody else looks after the box")
	ErrDamaged       = errors.New("the file is damaged")
	ErrTooMany       = errors.New("too many of them")
	ErrNoVacation    = errors.New("the account has no vacation answer")
	ErrAnswered      = errors.New("the sender was answered already")
	ErrExists        = errors.New("already exists")
	ErrInUse         = errors.New("still in use")
	ErrOverQuota     = errors.New("over quota")
	ErrPassword      = errors.New("wrong password") // also for an unknown account: one answer, one duration
	ErrKeywordsFull  = errors.New("too many keywords in this mailbox")
	ErrBadName       = errors.New("not a valid name")
	ErrNewer         = errors.New("the file was written by a newer version of Buzon")
	ErrLocked        = errors.New("maildrop is in use")
	ErrBadPassword   = errors.New("not usable as a password")
	ErrNotBuzon      = errors.New("not a file of Buzon")
	ErrClosed        = errors.New("the store is closed")
)

// IsFull tells whether something was not done because the disk has no room for it: nothing is lost, and it works again once
// there is some.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || err != nil && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultFull
}

// firstError is the first of a and b that is one.
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
