package report

import (
	"strings"
	"testing"

	"buzon/internal/message"
	"buzon/internal/text"
)

func TestReasons(t *testing.T) {
	for _, c := range []struct {
		code, class, subject, detail int
		want                         string
	}{
		// RFC 3463 §3.2 and what came after it.
		{550, 5, 1, 1, "reason_unknown_address"},
		{550, 5, 1, 2, "reason_unknown_domain"},
		{556, 5, 1, 10, "reason_no_mail_domain"},
		{553, 5, 1, 8, "reason_bad_sender"},
		{550, 5, 1, 99, "reason_address"},
		{452, 4, 2, 2, "reason_mailbox_full"},
		{552, 5, 2, 2, "reason_mailbox_full"},
		{550, 5, 2, 1, "reason_mailbox_disabled"},
		{552, 5, 3, 4, "reason_too_large"},
		{452, 4, 3, 1, "reason_system_full"},
		{451, 4, 4, 1, "reason_no_answer"},
		{451, 4, 4, 2, "reason_connection_lost"},
		{451, 4, 4, 3, "reason_no_route"},
		{554, 5, 4, 6, "reason_loop"},
		{452, 4, 5, 3, "reason_too_many"},
		{550, 5, 6, 7, "reason_no_utf8"},
		{554, 5, 6, 0, "reason_content"},
		{550, 5, 7, 1, "reason_policy"},
		{451, 4, 7, 1, "reason_policy_later"},
		{550, 5, 7, 25, "reason_reverse_dns"},
		{550, 5, 7, 26, "reason_not_proven"},
		{535, 5, 7, 8, "reason_login"},
		{454, 4, 7, 5, "reason_encryption"},
		{550, 5, 7, 30, "reason_encryption"},
		{450, 4, 7, 28, "reason_too_fast"},
		// RFC 3463 §3.1: X.0.0 says nothing, the code does.
		{552, 5, 0, 0, "reason_full_or_large"},
		{451, 4, 0, 0, "reason_later"},
		{554, 5, 0, 0, "reason_refused"},
		// Servers without enhanced codes.
		{550, 0, 0, 0, "reason_refused_address"},
		{421, 0, 0, 0, "reason_busy"},
		{450, 0, 0, 0, "reason_later"},
		{554, 0, 0, 0, "reason_refused"},
		{535, 0, 0, 0, "reason_login"},
		// What is no refusal, or nothing at all.
		{250, 2, 1, 5, "reason_accepted"},
		{250, 0, 0, 0, "reason_accepted"},
		{0, 0, 0, 0, "reason_none"},
		{999, 9, 9, 9, "reason_none"},
		{550, 5, 99, 99, "reason_refused_address"},
	} {
		r := message.Reply{Code: c.code, Enhanced: [3]int{c.class, c.subject, c.detail}}
		if got := reasonKey(r); got != c.want {
			t.Errorf("%v: %s, want %s", r, got, c.want)
		}
	}
}

// Every code has a sentence in every language, and none is a key.
func TestPlain(t *testing.T) {
	for _, lang := range append(text.Languages(), "de", "") {
		for class := range 7 {
			for subject := range 9 {
				for detail := range 32 {
					got := Plain(lang, message.Reply{Code: class * 100, Enhanced: [3]int{class, subject, detail}})
					if !strings.HasSuffix(strings.TrimRight(got, "?"), ".") && !strings.HasSuffix(got, "?") || strings.Contains(got, "reason_") {
						t.Fatalf("%s %d.%d.%d: %q", lang, class, subject, detail, got)
					}
				}
			}
		}
	}
	if a, b := Plain("en", message.Reply{Code: 550}), Plain("es", message.Reply{Code: 550}); a == b {
		t.Errorf("%q in both languages", a)
	}
}
