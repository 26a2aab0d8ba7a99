// Package outbound finds where a domain's mail goes and opens a connection that is as safe as the domain asks for: by the
// domain's own mail exchangers, or by a relay (smarthost) where the owner says so or the line cannot reach port 25.
//
// Invariants:
//   - Open returns a session whose TLS was checked against the strictest policy that applies: DANE, then MTA-STS, then the
//     level remembered for the domain, then whatever the peer offers. A policy that cannot be looked up is not "no policy".
//   - Every failure is a *message.Reply inside an *Error: permanent only where the DNS itself says that the domain takes no
//     mail. What a peer says before MAIL never condemns a message.
//   - Passwords go to a relay only over verified TLS, or where the owner chose none.
//   - Nothing is kept here but small capped tables; policies, levels and counts live with the caller (func fields).
//
// RFC 5321 §5 (MX), 7505 (null MX), 8461 (MTA-STS), 7672 and 7671 (DANE), 8689 (REQUIRETLS), 8460 (TLS reports),
// 3207 (STARTTLS), 8314 §3.3 (implicit TLS).
package outbound
