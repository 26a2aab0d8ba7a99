package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// thunderbirdPrefs keep a fresh profile from asking questions. Every name that it looks up leads to the box, so it reaches
// nobody else.
const thunderbirdPrefs = `
user_pref("marionette.port", 0);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.rights.version", 1);
user_pref("mailnews.start_page.enabled", false);
user_pref("mailnews.start_page_override.mstone", "ignore");
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("extensions.blocklist.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("mail.biff.show_alert", false);
user_pref("mail.biff.play_sound", false);
user_pref("network.dns.forceResolve", "{address}");
user_pref("network.trr.mode", 5);
`

// Thunderbird with its window on a screen of its own, driven from within: its dialogs, folder list, message list, message
// window and composer do what they do for a person. It looks for new mail by the clock every ten minutes only, so that what
// it sees here it was told.
func TestThunderbird(t *testing.T) {
	if testing.Short() {
		t.Skip("a large program")
	}
	need(t, "thunderbird")
	need(t, "Xvfb")
	t.Parallel()
	b, address := newDomainBox(t)
	mails := kinds()
	plain, dots := mails[0], mails[6]
	b.deliver(t, plain, dots)
	e, luis := b.look(t, ana), b.look(t, luis)
	tb := b.thunderbird(t, address)
	tb.do("trust", b.certificate())
	tb.setUp("Ana", ana, password)

	// It lists folders, each with its use.
	tb.do("show", "INBOX")
	tb.await("folders", "INBOX Archive+Archive Drafts+Drafts Junk+Junk Sent+SentMail Trash+Trash")
	tb.await("rows", "2")

	// It opens a mail, which is then seen, also on the server.
	tb.do("open", "0")
	tb.awaitPart("text", "see you tomorrow.")
	e.await("INBOX", "UNSEEN", 1)

	// It moves one to the trash.
	tb.do("command", "cmd_delete")
	e.await("Trash", "MESSAGES", 1)
	e.await("INBOX", "MESSAGES", 1)
	tb.await("rows", "1")

	// It sends one and files the copy.
	tb.do("compose", "luis@example.test", "¡Hola!", "¿Qué tal?")
	tb.await("composing", "ready")
	tb.do("send")
	luis.await("INBOX", "MESSAGES", 1)
	e.await("Sent", "MESSAGES", 1)
	tb.await("composing", "closed")
	if got := b.take(t, "luis@example.test"); !strings.Contains(got[0], "¿Qué tal?") {
		t.Errorf("sent:\n%s", got[0])
	}

	// In IDLE it is told of new mail, and of what another program changes and removes.
	b.deliver(t, plain)
	tb.await("rows", "2")
	e.change("INBOX", `STORE 1:* +FLAGS (\Flagged)`)
	tb.await("flagged", "2")
	e.change("INBOX", `STORE 1 +FLAGS (\Deleted)`, `EXPUNGE`)
	tb.await("rows", "1")

	// Folders are made, and a mail goes there and back.
	tb.do("create", "Añadidos & más")
	eventually(t, "the folder is on the server", func() (bool, string) {
		list := e.do(`LIST "" *`)
		return strings.Contains(list, "A&APE-adidos &- m&AOE-s"), list
	})
	tb.await("folders", "INBOX Añadidos & más Archive+Archive Drafts+Drafts Junk+Junk Sent+SentMail Trash+Trash")
	tb.do("move", "0", "Añadidos & más")
	e.await("A&APE-adidos &- m&AOE-s", "MESSAGES", 1)
	tb.do("show", "Añadidos & más")
	tb.await("rows", "1")
	tb.picture()
	b.talk(t)
}

// talk looks at what Thunderbird and the box have said to each other.
func (b *box) talk(t *testing.T) {
	t.Helper()
	all := strings.Join(b.readAll(t, "talk*"), "")
	for _, want := range []string{"COMPRESS DEFLATE", "OK DEFLATE active", "ENABLE UTF8=ACCEPT", "uid move", "IDLE", "return (special-use)"} {
		if !strings.Contains(all, want) {
			t.Errorf("it did not use: %s", want)
		}
	}
	if refusals := refused.FindAllString(all, -1); len(refusals) != 0 {
		t.Errorf("refused: %q", refusals)
	}
}

var refused = regexp.MustCompile(`CreateNewLineFromSocket: \S+ (NO|BAD) .*`)

// thunderbird starts it without an account, on a screen of its own. All names lead to address.
func (b *box) thunderbird(t *testing.T, address string) *thunderbird {
	t.Helper()
	profile := filepath.Join(b.dir, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	b.write("profile/user.js", replace(thunderbirdPrefs, "{address}", address))
	env := []string{"DISPLAY=:" + b.screen(t), "XDG_RUNTIME_DIR=" + b.dir, "MOZ_ENABLE_WAYLAND=0", "NO_AT_BRIDGE=1",
		"MOZ_LOG=IMAP:5,sync", "MOZ_LOG_FILE=" + filepath.Join(b.dir, "talk")}
	b.background(t, env, nil, "thunderbird", "--no-remote", "--profile", profile, "--marionette", "--remote-allow-system-access")
	script, err := os.ReadFile("testdata/thunderbird.js")
	if err != nil {
		t.Fatal(err)
	}
	m := dialMarionette(t, filepath.Join(profile, "MarionetteActivePort"))
	return &thunderbird{t: t, m: m, script: string(script), pictures: os.Getenv("BUZON_SCREENSHOTS")}
}

// screen starts an X server and gives the number that it found free.
func (b *box) screen(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b.background(t, nil, []*os.File{w}, "Xvfb", "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp")
	w.Close()
	var display string
	if _, err := fmt.Fscan(r, &display); err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	return display
}

// thunderbird is the program as the functions of testdata/thunderbird.js see it.
type thunderbird struct {
	t        *testing.T
	m        *marionette
	script   string
	pictures string // folder for screenshots
}

// setUp lets a person make an account in the dialog for it, where they fill in nothing but name, address and password: the
// program finds the rest by itself, over HTTPS.
func (tb *thunderbird) setUp(name, address, password string) {
	tb.t.Helper()
	tb.do("note")
	tb.do("addAccount")
	tb.await("step", "emailAutoConfigSubview")
	tb.do("type", "realName", name)
	tb.do("type", "email", address)
	tb.do("goOn")
	tb.await("step", "emailConfigFoundSubview")
	tb.awaitPart("fetched", "200 https://autoconfig.example.test/mail/config-v1.1.xml")
	tb.do("goOn")
	tb.await("step", "emailPasswordSubview")
	tb.do("type", "password", password)
	tb.do("goOn")
	tb.await("step", "emailAddedSuccessSubview")
	tb.do("goOn")
	tb.await("step", "closed")
	tb.await("settings", "imap mail.example.test:993 TLS ana@example.test, smtp mail.example.test:465 TLS ana@example.test")
}

// do runs one of the functions and gives its result.
func (tb *thunderbird) do(function string, args ...string) string {
	tb.t.Helper()
	result, err := tb.m.run(tb.script, function, args)
	if err != nil {
		tb.picture()
		tb.t.Fatalf("%s %q: %v", function, args, err)
	}
	return result
}

// await waits until the result of a function is want.
func (tb *thunderbird) await(function, want string) {
	tb.t.Helper()
	eventually(tb.t, function+" is "+want, func() (bool, string) {
		got := tb.do(function)
		return got == want, got
	})
}

// awaitPart waits until the result of a function has want in it.
func (tb *thunderbird) awaitPart(function, want string) {
	tb.t.Helper()
	eventually(tb.t, function+" has "+want, func() (bool, string) {
		got := tb.do(function)
		return strings.Contains(got, want), got
	})
}

// picture saves what is on the screen, when BUZON_SCREENSHOTS names a folder.
func (tb *thunderbird) picture() {
	if tb.pictures == "" {
		return
	}
	png, err := tb.m.screenshot()
	if err != nil {
		tb.t.Logf("no screenshot: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(tb.pictures, "thunderbird.png"), png, 0o600); err != nil {
		tb.t.Error(err)
	}
}
