// Package phone is what a phone or a mail program gets of its account: a signed profile for Apple's devices, the QR code of
// Thunderbird for Android and K-9, the settings as plain text, and the one-time links by which a phone fetches its profile.
//
// Invariants: a device has an app password of its own, which is made in the moment in which it is handed out or shown, and
// not before, so that a link which ran out has left nothing to revoke; if the handing out fails, it is removed again. The
// same account and device get the same identifiers every time, so that a profile which is installed again takes the place of
// the one before. Nothing is kept but links, and those in memory, for ten minutes.
//
// Formats: Apple's Configuration Profile Reference (com.apple.mail.managed) as an XML property list in CMS (RFC 5652), the
// QR code format 1 of Thunderbird for Android, ISO/IEC 18004.
package phone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Settings is what a phone has to know. Both connections are encrypted from the first octet (RFC 8314 §3), and the name to
// log in with is the address.
type Settings struct {
	Name     string // of the person, as their mail shows it; "" is none
	Address  string
	Host     string // for both, in A-labels
	IMAP     int    // port
	SMTP     int    // port
	Password string // of this device alone
	Device   string // the name of the password
}

// Standard ports (RFC 8314 §7).
const (
	imapPort = 993
	smtpPort = 465
)

// New is the settings of an account on standard ports, without a password.
func New(name string, a message.Address, host string) Settings {
	return Settings{Name: name, Address: a.String(), Host: host, IMAP: imapPort, SMTP: smtpPort}
}

// sender is the name on outgoing mail: without one, what stands before the @.
func (s Settings) sender() string {
	if s.Name != "" {
		return s.Name
	}
	local, _, _ := strings.Cut(s.Address, "@")
	return local
}

// Fresh gives the settings with an app password that it makes for a device. Where there is one of this name already, that
// device may still use it: the new one gets a number behind its name. Errors are those of store.AddAppPassword.
func Fresh(ctx context.Context, st *store.Store, a message.Address, s Settings, device string) (Settings, error) {
	device = strings.TrimSpace(device)
	for range 3 { // another may take the name meanwhile
		taken, err := st.AppPasswords(ctx, a)
		if err != nil {
			return Settings{}, err
		}
		s.Device = freeName(device, taken)
		s.Password, err = st.AddAppPassword(ctx, a, s.Device)
		if !errors.Is(err, store.ErrExists) {
			return s, err
		}
	}
	return Settings{}, fmt.Errorf("app password %q of %s: %w", device, a, store.ErrExists)
}

func freeName(device string, taken []store.AppPassword) string {
	name := device
	for n := 2; slices.ContainsFunc(taken, func(p store.AppPassword) bool { return p.Name == name }); n++ {
		name = device + " " + strconv.Itoa(n)
	}
	return name
}

// Forget removes the app password that Fresh made, for when nobody got it.
func Forget(ctx context.Context, st *store.Store, a message.Address, s Settings) error {
	err := st.RemoveAppPassword(ctx, a, s.Device)
	if errors.Is(err, store.ErrNoAppPassword) || errors.Is(err, store.ErrNoAccount) {
		return nil
	}
	return err
}
