package report

import "buzon/internal/message"

// reasonKey names the text for a reply: the most exact one that there is.
func reasonKey(r message.Reply) string {
	class := classOf(r)
	if class != 4 && class != 5 {
		return classReason(class)
	}
	if key := enhancedReason(r.Enhanced[1], r.Enhanced[2], class == 4); key != "" {
		return key
	}
	if key := codeReason(r.Code); key != "" {
		return key
	}
	return classReason(class)
}

// classOf is the first digit: 2 success, 4 for now, 5 for good.
func classOf(r message.Reply) int {
	if r.Enhanced[0] != 0 {
		return r.Enhanced[0]
	}
	return r.Code / 100
}

// enhancedReason is by subject and detail of RFC 3463 §3 and the registry of RFC 5248. A detail that is not known counts
// as its subject.
func enhancedReason(subject, detail int, later bool) string {
	switch subject {
	case 1:
		return addressReason(detail)
	case 2:
		return mailboxReason(detail)
	case 3:
		return systemReason(detail)
	case 4:
		return networkReason(detail)
	case 5:
		return protocolReason(detail)
	case 6:
		return contentReason(detail)
	case 7:
		return policyReason(detail, later)
	}
	return "" // X.0.0 says nothing (RFC 3463 §3.1)
}

func addressReason(detail int) string {
	switch detail {
	case 1:
		return "reason_unknown_address"
	case 2:
		return "reason_unknown_domain"
	case 3:
		return "reason_bad_address"
	case 4:
		return "reason_ambiguous_address"
	case 6:
		return "reason_moved"
	case 7, 8, 9:
		return "reason_bad_sender"
	case 10: // RFC 7505 §4.1
		return "reason_no_mail_domain"
	}
	return "reason_address"
}

func mailboxReason(detail int) string {
	switch detail {
	case 1:
		return "reason_mailbox_disabled"
	case 2:
		return "reason_mailbox_full"
	case 3:
		return "reason_too_large"
	case 4:
		return "reason_list"
	}
	return "reason_mailbox"
}

func systemReason(detail int) string {
	switch detail {
	case 1:
		return "reason_system_full"
	case 2:
		return "reason_not_accepting"
	case 4:
		return "reason_too_large"
	}
	return "reason_system"
}

func networkReason(detail int) string {
	switch detail {
	case 1:
		return "reason_no_answer"
	case 2:
		return "reason_connection_lost"
	case 3, 4:
		return "reason_no_route"
	case 5:
		return "reason_busy"
	case 6:
		return "reason_loop"
	case 7:
		return "reason_expired"
	}
	return "reason_network"
}

func protocolReason(detail int) string {
	if detail == 3 {
		return "reason_too_many"
	}
	return "reason_protocol"
}

func contentReason(detail int) string {
	switch detail {
	case 7, 8, 9, 10: // RFC 6531 §3.5 and its registrations: the other side has no SMTPUTF8
		return "reason_no_utf8"
	}
	return "reason_content"
}

func policyReason(detail int, later bool) string {
	switch detail {
	case 2:
		return "reason_list"
	case 8, 9, 11, 12, 13, 14, 15: // RFC 4954 §6, RFC 5248: our own log-in at the server that sends for us
		return "reason_login"
	case 4, 5, 6, 10, 30: // RFC 8689 §5 has the last
		return "reason_encryption"
	case 20, 21, 22, 23, 24, 26, 29: // RFC 7372, RFC 8617: DKIM, SPF, several, ARC
		return "reason_not_proven"
	case 25: // RFC 7372 §3.3
		return "reason_reverse_dns"
	case 27: // RFC 7505 §4.2
		return "reason_bad_sender"
	case 28:
		return "reason_too_fast"
	}
	if later { // greylisting says 4.7.1 (RFC 6647 §2.5)
		return "reason_policy_later"
	}
	return "reason_policy"
}

// codeReason is for servers without enhanced codes (RFC 5321 §4.2.2).
func codeReason(code int) string {
	switch code {
	case 421:
		return "reason_busy"
	case 452:
		return "reason_system_full"
	case 530, 534, 535, 538:
		return "reason_login"
	case 550, 551, 553:
		return "reason_refused_address"
	case 552:
		return "reason_full_or_large"
	case 556:
		return "reason_no_mail_domain"
	}
	return ""
}

// classReason is all that can be said of success, and where there are no more than codes.
func classReason(class int) string {
	switch class {
	case 2:
		return "reason_accepted"
	case 4:
		return "reason_later"
	case 5:
		return "reason_refused"
	}
	return "reason_none"
}
