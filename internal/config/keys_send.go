package config

import "time"

// sendKeys is how mail leaves, and what DNS is asked for it.
func sendKeys() []Key {
	return []Key{
		choiceKey("send.way", []string{WayAuto, WayDirect, WayRelay}, func(s *Settings) *string { return &s.SendWay },
			"How mail leaves: direct to the recipients' servers, through a relay (see buzon relay), or auto: direct where port 25 answers, else through a relay.",
			"Cómo sale el correo: direct a los servidores de los destinatarios, por un relay (vea buzon relay), o auto: directo donde responde el puerto 25, si no por un relay."),
		durationKey("send.warn-after", func(s *Settings) *time.Duration { return &s.WarnAfter },
			"When to tell the sender that a message still waits, such as 4h.",
			"Cuándo avisar al remitente de que un mensaje aún espera, por ejemplo 4h."),
		durationKey("send.give-up-after", func(s *Settings) *time.Duration { return &s.GiveUpAfter },
			"When to give up on a message that cannot be delivered and return it to its sender, such as 5d.",
			"Cuándo desistir de un mensaje que no se puede entregar y devolverlo a su remitente, por ejemplo 5d."),
		numberKey("send.connections", func(s *Settings) *int { return &s.PerDomain },
			"Connections at once to the servers of one domain.",
			"Conexiones a la vez con los servidores de un dominio."),
		numberKey("send.relay-connections", func(s *Settings) *int { return &s.RelayConnections },
			"Connections at once to a relay.",
			"Conexiones a la vez con un relay."),
		addressKey("send.source-address", func(s *Settings) *string { return &s.SourceAddress },
			"Address of this machine from which mail leaves, where it has several; empty leaves the choice to the system.",
			"Dirección de esta máquina desde la que sale el correo, si tiene varias; vacío deja elegir al sistema."),
		textKey("send.hello", func(s *Settings) *string { return &s.HelloName },
			"Name by which to greet other servers; empty means the one that this line's address resolves to, else server.name.",
			"Nombre con el que se saluda a otros servidores; vacío es el que corresponde a la dirección de esta línea, si no server.name."),
		numberKey("send.per-day", func(s *Settings) *int { return &s.SentPerDay },
			"Messages that an account may send in 24 hours; 0 means no limit.",
			"Mensajes que una cuenta puede enviar en 24 horas; 0 es sin límite."),
		numberKey("send.new-per-day", func(s *Settings) *int { return &s.NewPerDay },
			"Recipients in 24 hours to whom an account has never written before; 0 means no limit.",
			"Destinatarios en 24 horas a los que una cuenta nunca había escrito; 0 es sin límite."),
		switchKey("send.sent-copy", func(s *Settings) *bool { return &s.SentCopy },
			"Whether to put a copy of what is sent into the mailbox for sent mail, for programs that do not do it themselves.",
			"Si se guarda una copia de lo enviado en el buzón de enviados, para programas que no lo hacen por sí mismos."),
		resolverKey("dns.resolver", func(s *Settings) *string { return &s.Resolver },
			"DNS server to ask, as address or address:port; empty means the one of the system.",
			"Servidor de DNS al que se pregunta, como dirección o dirección:puerto; vacío es el del sistema."),
		switchKey("dns.trusted", func(s *Settings) *bool { return &s.TrustResolver },
			"Whether to believe the DNS server that an answer is authentic (DNSSEC), as is done anyway when it runs on this machine; say yes only if nobody can stand in between.",
			"Si se cree al servidor de DNS que una respuesta es auténtica (DNSSEC), como se hace siempre que está en esta máquina; diga yes solo si nadie puede interponerse."),
	}
}

// addressKey is an IP address or nothing.
func addressKey(name string, field func(*Settings) *string, english, spanish string) Key {
	k := textKey(name, field, english, spanish)
	k.parse = func(s *Settings, text string) (err error) { *field(s), err = parseAddr(text); return err }
	return k
}

// resolverKey is an IP address with a port, or nothing.
func resolverKey(name string, field func(*Settings) *string, english, spanish string) Key {
	k := textKey(name, field, english, spanish)
	k.parse = func(s *Settings, text string) (err error) { *field(s), err = parseResolver(text); return err }
	return k
}
