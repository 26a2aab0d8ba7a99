//go:build passkeys

package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"buzon/internal/limit"
	"buzon/internal/store"
)

// A passkey (WebAuthn level 3) opens the page in the place of a password. It belongs to a name (§5.1.2, the RP ID): that of the
// server, under a certificate that browsers believe.

const (
	ceremonyTime  = 5 * time.Minute
	maxCeremonies = 50 // begun at once: 1 KB each
)

// keys are the ceremonies that have begun, by the hash of the name that the browser brings back.
type keys struct {
	mu    sync.Mutex
	begun limit.Table[[32]byte, ceremony]
}

type ceremony struct {
	data webauthn.SessionData
	at   time.Time
}

func (*keys) routes(p *Page, m *routes) {
	m.get("/me/passkeys", people, p.showPasskeys)
	m.post("/me/passkeys/begin", people, p.beginPasskey)
	m.post("/me/passkeys/finish", people, p.finishPasskey)
	m.post("/me/passkeys/remove", people, p.removePasskey)
	m.post("/login/passkey", everybody, p.beginPasskeyLogin)
	m.post("/login/passkey/finish", everybody, p.finishPasskeyLogin)
}

// offersPasskeys tells whether the page has them here.
func (r *request) offersPasskeys() bool {
	return r.secure && r.page.Trusted() && hostName(r.Host) == r.page.Name()
}

// relyingParty is us, as the library knows it.
func (r *request) relyingParty() (*webauthn.WebAuthn, error) {
	if !r.offersPasskeys() {
		return nil, fail("page_passkey_not_here", "name", r.page.Name())
	}
	return webauthn.New(&webauthn.Config{
		RPID: r.page.Name(), RPDisplayName: "Buzon", RPOrigins: []string{"https://" + r.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// holder is an account with its passkeys.
type holder struct {
	store.Account
	keys []store.Passkey
}

// WebAuthnID is the number of the account, which no other ever gets; it tells nothing (§14.6.1).
func (h holder) WebAuthnID() []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(h.ID))
}

// WebAuthnName is what the browser shows.
func (h holder) WebAuthnName() string { return h.Address.String() }

// WebAuthnDisplayName is the person's name.
func (h holder) WebAuthnDisplayName() string {
	if h.Name == "" {
		return h.Address.String()
	}
	return h.Name
}

// WebAuthnCredentials are the keys as the library keeps them. One that it cannot read any more opens nothing.
func (h holder) WebAuthnCredentials() (list []webauthn.Credential) {
	for _, k := range h.keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Credential, &c); err == nil {
			list = append(list, c)
		}
	}
	return list
}

func (r *request) holder(acc store.Account) (holder, error) {
	list, err := r.page.Store.Passkeys(r.Context(), acc.Address)
	return holder{acc, list}, err
}

func (p *Page) showPasskeys(r *request) (reply, error) {
	if !r.offersPasskeys() {
		return nil, fail("page_passkey_not_here", "name", p.Name())
	}
	h, err := r.holder(r.account)
	if err != nil {
		return nil, err
	}
	return r.render("passkeys", h.keys)
}

// begin keeps a ceremony, and answers what the browser hands to the device, with the name under which to come back.
func (r *request) beginCeremony(options any, data *webauthn.SessionData) (reply, error) {
	name := randomText()
	k := &r.page.keys
	k.mu.Lock()
	*k.begun.Make(sha256.Sum256([]byte(name)), maxCeremonies) = ceremony{*data, r.page.Now()}
	k.mu.Unlock()
	return r.json(map[string]any{"ceremony": name, "options": options})
}

// ceremony is the one that the browser comes back to; each is taken once.
func (r *request) ceremony() (webauthn.SessionData, error) {
	key := sha256.Sum256([]byte(r.URL.Query().Get("ceremony")))
	k := &r.page.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.begun.Get(key)
	if c == nil || r.page.Now().Sub(c.at) > ceremonyTime {
		return webauthn.SessionData{}, fail("page_passkey_late")
	}
	data := c.data
	k.begun.Remove(key)
	return data, nil
}

// goOn is where the browser comes back to.
func (r *request) goOn() (rp *webauthn.WebAuthn, data webauthn.SessionData, err error) {
	if rp, err = r.relyingParty(); err == nil {
		data, err = r.ceremony()
	}
	return rp, data, err
}

func (p *Page) beginPasskey(r *request) (reply, error) {
	rp, err := r.relyingParty()
	if err != nil {
		return nil, err
	}
	h, err := r.holder(r.account)
	if err != nil {
		return nil, err
	}
	options, data, err := rp.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return r.beginCeremony(options, data)
}

func (p *Page) finishPasskey(r *request) (reply, error) {
	rp, data, err := r.goOn()
	if err != nil {
		return nil, err
	}
	h := holder{Account: r.account}
	credential, err := rp.FinishRegistration(h, data, r.Request)
	if err != nil {
		return nil, r.badKey(err)
	}
	kept, err := json.Marshal(credential)
	if err != nil {
		return nil, err
	}
	name := r.URL.Query().Get("name")
	err = p.Store.AddPasskey(r.Context(), store.Passkey{ID: credential.ID, Account: r.account.ID, Name: name, Credential: kept})
	if err != nil {
		return nil, err
	}
	r.audit("passkey-add", "name", name)
	r.session.tell(notice{Text: r.say("page_passkey_added", "name", name)})
	return r.json(map[string]any{"next": "/me/passkeys"})
}

// badKey is a device's answer that is not right; what the library says of it is for the log.
func (r *request) badKey(err error) error {
	var detail *protocol.Error
	if errors.As(err, &detail) {
		r.page.Log.Warn("passkey refused", "from", r.from, "err", detail.Details, "why", detail.DevInfo)
		return fail("page_passkey_refused")
	}
	return err
}

func (p *Page) removePasskey(r *request) (reply, error) {
	id, err := base64.RawURLEncoding.DecodeString(r.field("id"))
	if err != nil {
		return r.again("/me/passkeys", fail("page_passkey_gone"))
	}
	if err := p.Store.RemovePasskey(r.Context(), r.account.Address, id); errors.Is(err, store.ErrNoPasskey) {
		return r.again("/me/passkeys", fail("page_passkey_gone"))
	} else if err != nil {
		return nil, err
	}
	r.audit("passkey-remove")
	return r.back("/me/passkeys", "page_passkey_removed"), nil
}

func (p *Page) beginPasskeyLogin(r *request) (reply, error) {
	rp, err := r.relyingParty()
	if err != nil {
		return nil, err
	}
	options, data, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return r.beginCeremony(options, data)
}

// finishPasskeyLogin begins a session for whoever holds the key.
func (p *Page) finishPasskeyLogin(r *request) (reply, error) {
	rp, data, err := r.goOn()
	if err != nil {
		return nil, err
	}
	var who holder
	var stamp [32]byte
	find := func(_, handle []byte) (webauthn.User, error) {
		who, stamp, err = r.keyHolder(handle)
		return who, err
	}
	_, credential, err := rp.FinishPasskeyLogin(find, data, r.Request)
	if err != nil {
		return nil, r.badKey(err)
	}
	if credential.Authenticator.CloneWarning { // §6.1.1: the counter went back
		p.Log.Warn("a passkey may have been copied", "account", who.Address, "from", r.from)
		return nil, fail("page_passkey_refused")
	}
	kept, err := json.Marshal(credential)
	if err != nil {
		return nil, err
	}
	if err := p.Store.UsePasskey(r.Context(), credential.ID, kept); err != nil {
		return nil, err
	}
	r.begin(who.ID, stamp, false)
	r.account = who.Account
	r.audit("log-in", "by", "passkey")
	return r.json(map[string]any{"next": "/"})
}

// errNoHolder is a key of an account that is not here.
var errNoHolder = errors.New("nobody holds this passkey")

func (r *request) keyHolder(handle []byte) (h holder, stamp [32]byte, err error) {
	if len(handle) != 8 {
		return h, stamp, errNoHolder
	}
	acc, stamp, found, err := r.page.Store.Owner(r.Context(), store.AccountID(binary.BigEndian.Uint64(handle)))
	if err != nil || !found {
		return h, stamp, errors.Join(err, errNoHolder)
	}
	h, err = r.holder(acc)
	return h, stamp, err
}

// json answers a script of ours.
func (r *request) json(v any) (reply, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter) error {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write(body)
		return err
	}, nil
}
