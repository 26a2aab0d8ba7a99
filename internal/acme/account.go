package acme

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	wire "golang.org/x/crypto/acme"
)

// account is who we are at one authority.
type account struct {
	Key   []byte `json:"key"` // PEM
	URL   string `json:"url"` // by which the authority knows it; "" before it does
	Email string `json:"email,omitempty"`
}

// client speaks to the authority at directory as our account there, which is made if there is none.
func (m *Manager) client(ctx context.Context, directory string, s Settings) (*wire.Client, error) {
	var a account
	if err := get(ctx, m.Cache, keyAccount(directory), &a); err != nil {
		return nil, err
	}
	if a.Key == nil {
		if err := m.newAccountKey(ctx, directory, &a); err != nil {
			return nil, err
		}
	}
	key, err := parseKey(a.Key)
	if err != nil {
		return nil, fmt.Errorf("acme: key of the account: %w", err)
	}
	c := &wire.Client{Key: key, KID: wire.KeyID(a.URL), DirectoryURL: directory, HTTPClient: m.HTTP, UserAgent: "buzon", RetryBackoff: retry}
	if a.URL != "" && a.Email == s.Email {
		return c, nil
	}
	return c, m.register(ctx, c, directory, a, s.Email)
}

// newAccountKey keeps the key before the authority hears of it: a crash then finds the same account again.
func (m *Manager) newAccountKey(ctx context.Context, directory string, a *account) error {
	key, err := ec.newKey()
	if err != nil {
		return err
	}
	if a.Key, err = keyPEM(key); err != nil {
		return err
	}
	return put(ctx, m.Cache, keyAccount(directory), a)
}

// register makes the account, or tells the authority of a new address.
func (m *Manager) register(ctx context.Context, c *wire.Client, directory string, a account, email string) error {
	contact := &wire.Account{}
	if email != "" {
		contact.Contact = []string{"mailto:" + email}
	}
	if a.URL == "" {
		_, err := c.Register(ctx, contact, wire.AcceptTOS)
		if err != nil && !errors.Is(err, wire.ErrAccountAlreadyExists) {
			return err
		}
		m.Log.Info("made an account with the certificate authority", "directory", directory, "account", c.KID)
	} else if _, err := c.UpdateReg(ctx, contact); err != nil {
		return err
	}
	a.URL, a.Email = string(c.KID), email
	return put(ctx, m.Cache, keyAccount(directory), a)
}

// lost tells that the authority does not know the account any more: it was
// deactivated, or the authority lost it. Only an error about an order as a whole
// says so; "unauthorized" of a challenge means something else.
func lost(err error) bool {
	var answer *wire.Error
	return errors.Is(err, wire.ErrNoAccount) || errors.As(err, &answer) &&
		(answer.ProblemType == "urn:ietf:params:acme:error:accountDoesNotExist" || answer.ProblemType == "urn:ietf:params:acme:error:unauthorized")
}

// forgetAccount lets the next client make a new one.
func (m *Manager) forgetAccount(ctx context.Context, directory string) error {
	m.Log.Warn("the certificate authority does not know our account any more; making a new one", "directory", directory)
	return m.Cache.Delete(ctx, keyAccount(directory))
}

// retry is how long to wait before a request is made again that failed for the
// nth time; 0 gives it up. A used-up nonce is no failure, only bad luck. Where we
// come too often it is the Manager that waits, without holding anything open.
func retry(n int, _ *http.Request, res *http.Response) time.Duration {
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return 0
	case res.StatusCode == http.StatusBadRequest && n <= 20: // badNonce, see acme.Client.RetryBackoff
		return 10 * time.Millisecond
	case res.StatusCode >= http.StatusInternalServerError && n <= 3:
		return time.Duration(n) * time.Second
	}
	return 0
}
