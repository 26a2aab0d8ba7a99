package outbound

// mailboxPresets are providers of personal mailboxes that also send from other programs.
func mailboxPresets() []Preset {
	return []Preset{
		{Name: "gmail", Title: "Gmail", Host: "smtp.gmail.com", Port: 465, TLS: TLSImplicit, SPF: "_spf.google.com", OwnOnly: true,
			Hint: hintAppPassword, Page: "https://support.google.com/accounts/answer/185833"},
		{Name: "workspace", Title: "Google Workspace", Host: "smtp-relay.gmail.com", Port: 587, TLS: TLSStart, SPF: "_spf.google.com",
			Hint: hintAppPassword, Page: "https://support.google.com/a/answer/2956491"},
		{Name: "outlook", Title: "Outlook.com", Host: "smtp-mail.outlook.com", Port: 587, TLS: TLSStart, OAuth: true, OwnOnly: true,
			Hint: hintOAuth, Page: "https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040"},
		{Name: "microsoft365", Title: "Microsoft 365", Host: "smtp.office365.com", Port: 587, TLS: TLSStart, OAuth: true,
			SPF: "spf.protection.outlook.com", Hint: hintOAuth,
			Page: "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission"},
		{Name: "yahoo", Title: "Yahoo Mail", Host: "smtp.mail.yahoo.com", Port: 465, TLS: TLSImplicit, OwnOnly: true,
			Hint: hintAppPassword, Page: "https://help.yahoo.com/kb/SLN15241.html"},
		{Name: "icloud", Title: "iCloud Mail", Host: "smtp.mail.me.com", Port: 587, TLS: TLSStart, SPF: "icloud.com", OwnOnly: true,
			Hint: hintAppPassword, Page: "https://support.apple.com/102654"},
		{Name: "fastmail", Title: "Fastmail", Host: "smtp.fastmail.com", Port: 465, TLS: TLSImplicit, SPF: "spf.messagingengine.com",
			OwnOnly: true, Hint: hintAppPassword, Page: "https://www.fastmail.help/hc/en-us/articles/360058752854"},
		{Name: "proton", Title: "Proton Mail", Host: "smtp.protonmail.ch", Port: 587, TLS: TLSStart, SPF: "_spf.protonmail.ch",
			OwnOnly: true, Hint: hintPaid, Page: "https://proton.me/support/smtp-submission"},
		{Name: "zoho", Title: "Zoho Mail", Host: "smtp.zoho.com", Port: 465, TLS: TLSImplicit, SPF: "zohomail.com", OwnOnly: true,
			Hint: hintRegion, Page: "https://www.zoho.com/mail/help/zoho-smtp.html"},
		{Name: "gmx", Title: "GMX", Host: "mail.gmx.net", Port: 465, TLS: TLSImplicit, OwnOnly: true,
			Hint: hintOwn, Page: "https://hilfe.gmx.net/pop-imap/imap/imap-serverdaten.html"},
		{Name: "web.de", Title: "WEB.DE", Host: "smtp.web.de", Port: 587, TLS: TLSStart, OwnOnly: true,
			Hint: hintOwn, Page: "https://hilfe.web.de/pop-imap/imap/imap-serverdaten.html"},
		{Name: "t-online", Title: "Telekom", Host: "securesmtp.t-online.de", Port: 465, TLS: TLSImplicit, OwnOnly: true, Hint: hintOwn},
		{Name: "posteo", Title: "Posteo", Host: "posteo.de", Port: 465, TLS: TLSImplicit, OwnOnly: true, Hint: hintOwn},
		{Name: "mailbox.org", Title: "mailbox.org", Host: "smtp.mailbox.org", Port: 465, TLS: TLSImplicit, SPF: "mailbox.org",
			OwnOnly: true, Hint: hintOwn},
		{Name: "orange", Title: "Orange", Host: "smtp.orange.fr", Port: 465, TLS: TLSImplicit, OwnOnly: true, Hint: hintOwn},
		{Name: "free", Title: "Free", Host: "smtp.free.fr", Port: 465, TLS: TLSImplicit, OwnOnly: true, Hint: hintOwn},
	}
}

// senderPresets are services whose trade is to send for other people's domains.
func senderPresets() []Preset {
	return []Preset{
		{Name: "brevo", Title: "Brevo", Host: "smtp-relay.brevo.com", Port: 587, TLS: TLSStart, SPF: "spf.brevo.com",
			Hint: hintKey, Page: "https://help.brevo.com/hc/en-us/articles/7924908994450"},
		{Name: "mailgun", Title: "Mailgun", Host: "smtp.mailgun.org", Port: 465, TLS: TLSImplicit, SPF: "mailgun.org",
			Hint: hintRegion, Page: "https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp"},
		{Name: "sendgrid", Title: "SendGrid", Host: "smtp.sendgrid.net", Port: 465, TLS: TLSImplicit, User: "apikey",
			SPF: "sendgrid.net", Hint: hintFixedUser,
			Page: "https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api"},
		{Name: "ses", Title: "Amazon SES", Host: "email-smtp.eu-west-1.amazonaws.com", Port: 465, TLS: TLSImplicit,
			SPF: "amazonses.com", Hint: hintRegion, Page: "https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html"},
		{Name: "smtp2go", Title: "SMTP2GO", Host: "mail.smtp2go.com", Port: 465, TLS: TLSImplicit, SPF: "spf.smtp2go.com",
			Hint: hintKey, Page: "https://support.smtp2go.com/hc/en-gb/articles/223087627"},
		{Name: "mailjet", Title: "Mailjet", Host: "in-v3.mailjet.com", Port: 587, TLS: TLSStart, SPF: "spf.mailjet.com",
			Hint: hintKey, Page: "https://dev.mailjet.com/smtp-relay/configuration/"},
		{Name: "postmark", Title: "Postmark", Host: "smtp.postmarkapp.com", Port: 587, TLS: TLSStart, SPF: "spf.mtasv.net",
			Hint: hintToken, Page: "https://postmarkapp.com/developer/user-guide/send-email-with-smtp"},
		{Name: "resend", Title: "Resend", Host: "smtp.resend.com", Port: 465, TLS: TLSImplicit, User: "resend",
			SPF: "amazonses.com", Hint: hintFixedUser, Page: "https://resend.com/docs/send-with-smtp"},
		{Name: "mailersend", Title: "MailerSend", Host: "smtp.mailersend.net", Port: 587, TLS: TLSStart, SPF: "_spf.mailersend.net",
			Hint: hintKey, Page: "https://www.mailersend.com/help/smtp-relay"},
	}
}

// hosterPresets are hosts of domains whose customers may send from their domain.
func hosterPresets() []Preset {
	return []Preset{
		{Name: "ovh", Title: "OVHcloud", Host: "ssl0.ovh.net", Port: 465, TLS: TLSImplicit, SPF: "mx.ovh.com", OwnOnly: true, Hint: hintOwn},
		{Name: "ionos", Title: "IONOS", Host: "smtp.ionos.com", Port: 465, TLS: TLSImplicit, SPF: "_spf-eu.ionos.com", OwnOnly: true,
			Hint: hintRegion},
		{Name: "strato", Title: "STRATO", Host: "smtp.strato.de", Port: 465, TLS: TLSImplicit, SPF: "smtp.rzone.de", OwnOnly: true,
			Hint: hintOwn},
		{Name: "infomaniak", Title: "Infomaniak", Host: "mail.infomaniak.com", Port: 465, TLS: TLSImplicit, SPF: "spf.infomaniak.ch",
			OwnOnly: true, Hint: hintOwn},
		{Name: "gandi", Title: "Gandi", Host: "mail.gandi.net", Port: 465, TLS: TLSImplicit, SPF: "_mailcust.gandi.net", OwnOnly: true,
			Hint: hintOwn},
		{Name: "migadu", Title: "Migadu", Host: "smtp.migadu.com", Port: 465, TLS: TLSImplicit, SPF: "spf.migadu.com", OwnOnly: true,
			Hint: hintOwn},
		{Name: "purelymail", Title: "Purelymail", Host: "smtp.purelymail.com", Port: 465, TLS: TLSImplicit, SPF: "_spf.purelymail.com",
			OwnOnly: true, Hint: hintAppPassword},
	}
}
