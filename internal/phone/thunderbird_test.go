package phone

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"buzon/internal/message"
	"buzon/internal/npmtest"
)

// The text as the makers of Thunderbird for Android describe it.
func TestThunderbird(t *testing.T) {
	s := New("Ana", message.Address{Local: "ana", Domain: "example.org"}, "mail.example.org")
	s.Password = "secret"
	want := `[1,[1,1],[0,"mail.example.org",993,3,1,"ana@example.org","","secret"],` +
		`[[[0,"mail.example.org",465,3,1,"ana@example.org","secret"],["ana@example.org","Ana"]]]]`
	if got := Thunderbird(s); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.Name = ""
	if got := Thunderbird(s); got == want || !json.Valid([]byte(got)) {
		t.Errorf("without a name: %s", got)
	}
}

// encode is the same by a library that is not ours.
const encode = `
import * as tb from "./index.js";
let text = "";
for await (const part of process.stdin) text += part;
const s = JSON.parse(text);
process.stdout.write(tb.encodeAccounts([{
  incomingProtocol: tb.INCOMING_PROTOCOL.IMAP, incomingHostname: s.Host, incomingPort: s.IMAP,
  incomingConnectionSecurity: tb.CONNECTION_SECURITY.Tls, incomingAuthenticationType: tb.AUTHENTICATION_TYPE.PasswordCleartext,
  incomingUsername: s.Address, incomingPassword: s.Password,
  outgoingHostname: s.Host, outgoingPort: s.SMTP, outgoingConnectionSecurity: tb.CONNECTION_SECURITY.Tls,
  outgoingAuthenticationType: tb.AUTHENTICATION_TYPE.PasswordCleartext, outgoingUsername: s.Address, outgoingPassword: s.Password,
  identityEmailAddress: s.Address, identityDisplayName: s.Name,
}]));
`

func TestThunderbirdByAnother(t *testing.T) {
	need(t, "node")
	library := npmtest.Package{
		Name: "thunderbird-account-qr-code", Number: "1.1.0",
		SHA256: "11d2fa1bbea00ff489f71674c383ce75f3b2015aa4b9f2211f51034c1f50ae9e",
	}
	folder := t.TempDir()
	for name, content := range map[string][]byte{
		"index.js": library.File(t, "index.js"), "package.json": []byte(`{"type": "module"}`), "encode.js": []byte(encode),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []Settings{ana(), {Name: "x", Address: "x@y.example", Host: "y.example", IMAP: 1993, SMTP: 1465, Password: `"\/` + "\u2028é"}} {
		in, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(program(t, in, "node", filepath.Join(folder, "encode.js")), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(Thunderbird(s)), &got); err != nil {
			t.Fatal(err)
		}
		if g, w := compact(t, got), compact(t, want); g != w {
			t.Errorf("got  %s\nwant %s", g, w)
		}
	}
}

func compact(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
