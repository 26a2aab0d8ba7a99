package trust

import "buzon/internal/acme"

// Sentence is the key of the text (package text) about a kind of failure: what it is, and what a person can do.
func Sentence(c acme.Code) string {
	key, ok := map[acme.Code]string{
		acme.NotInDNS:    "cert_not_in_dns",
		acme.DNSSilent:   "cert_dns_silent",
		acme.Elsewhere:   "cert_elsewhere",
		acme.Private:     "cert_private",
		acme.Unreachable: "cert_unreachable",
		acme.WrongAnswer: "cert_wrong_answer",
		acme.Forbidden:   "cert_caa",
		acme.RateLimited: "cert_rate_limited",
		acme.Refused:     "cert_refused",
		acme.ServiceDown: "cert_service_down",
		acme.Account:     "cert_account",
		acme.Provider:    "cert_provider",
		acme.NotSeen:     "cert_not_seen",
		acme.Waiting:     "cert_waiting",
		acme.WrongClock:  "cert_clock",
		acme.NoWay:       "cert_no_way",
	}[c]
	if !ok {
		return "cert_other"
	}
	return key
}
