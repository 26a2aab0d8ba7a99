package phone

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/smallstep/pkcs7"

	"buzon/internal/message"
	"buzon/internal/text"
)

// ProfileType is the media type by which Apple's devices know a profile.
const ProfileType = "application/x-apple-aspen-config"

// MobileConfig is a profile that sets the account up on an iPhone, an iPad or a Mac, in the language of c, signed by the
// certificate that the box shows: where that one is trusted, the device calls the profile verified. The certificates of its
// chain go with it. An error means that the certificate has a key that cannot sign one: RSA and ECDSA can.
func MobileConfig(s Settings, c *text.Catalogue, signer *tls.Certificate) ([]byte, error) {
	signed, err := sign(profile(s, c), signer)
	if err != nil {
		return nil, fmt.Errorf("sign a profile: %w", err)
	}
	return signed, nil
}

// profile is the property list.
func profile(s Settings, c *text.Catalogue) []byte {
	id := identifier(s)
	return plist(dict{
		{"PayloadType", "Configuration"},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", id},
		{"PayloadUUID", uuid(s, "profile")},
		{"PayloadDisplayName", c.Say("phone_profile_name", "address", s.Address)},
		{"PayloadDescription", c.Say("phone_profile_about", "address", s.Address, "device", s.Device)},
		{"PayloadOrganization", s.Host},
		{"PayloadRemovalDisallowed", false}, // it is their phone
		{"PayloadContent", []dict{account(s, c, id)}},
	})
}

// account is the one part of a profile (Configuration Profile Reference, Email Payload).
func account(s Settings, c *text.Catalogue, id string) dict {
	return dict{
		{"PayloadType", "com.apple.mail.managed"},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", id + ".mail"},
		{"PayloadUUID", uuid(s, "mail")},
		{"PayloadDisplayName", c.Say("phone_profile_name", "address", s.Address)},
		{"EmailAccountDescription", s.Address},
		{"EmailAccountName", s.sender()},
		{"EmailAccountType", "EmailTypeIMAP"},
		{"EmailAddress", s.Address},
		{"IncomingMailServerAuthentication", "EmailAuthPassword"},
		{"IncomingMailServerHostName", s.Host},
		{"IncomingMailServerPortNumber", s.IMAP},
		{"IncomingMailServerUseSSL", true},
		{"IncomingMailServerUsername", s.Address},
		{"IncomingPassword", s.Password},
		{"OutgoingMailServerAuthentication", "EmailAuthPassword"},
		{"OutgoingMailServerHostName", s.Host},
		{"OutgoingMailServerPortNumber", s.SMTP},
		{"OutgoingMailServerUseSSL", true},
		{"OutgoingMailServerUsername", s.Address},
		{"OutgoingPassword", s.Password},
		{"OutgoingPasswordSameAsIncomingPassword", true}, // else some versions ask for it
	}
}

// identifier is the profile's name, by which a device knows an older one of it: in the manner of Apple the domain from right
// to left, and then what is ours.
func identifier(s Settings) string {
	at := strings.LastIndexByte(s.Address, '@')
	labels := strings.Split(message.Address{Domain: s.Address[at+1:]}.ASCIIDomain(), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + ".buzon." + strings.ToLower(uuid(s, "id")[:8])
}

// uuid is always the same for a part of the profile of an account on a device (RFC 9562 §5.8), in Apple's capitals.
func uuid(s Settings, part string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"buzon", s.Address, s.Device, part}, "\x00")))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80 // version 8
	b[8] = b[8]&0x3f | 0x80 // variant (§4.1)
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// sign makes a CMS SignedData around content (RFC 5652 §5). Other certificates of the chain are handed on as they are: it is
// the device that judges them.
func sign(content []byte, by *tls.Certificate) ([]byte, error) {
	chain, err := parseChain(by)
	if err != nil {
		return nil, err
	}
	signed, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(chain[0], by.PrivateKey, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	for _, c := range chain[1:] {
		signed.AddCertificate(c)
	}
	return signed.Finish()
}

func parseChain(of *tls.Certificate) ([]*x509.Certificate, error) {
	if of == nil || len(of.Certificate) == 0 {
		return nil, errors.New("there is no certificate")
	}
	var chain []*x509.Certificate
	for _, der := range of.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}
