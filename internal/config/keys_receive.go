package config

// receiveKeys is who may bring mail.
func receiveKeys() []Key {
	return []Key{
		blockListsKey("receive.block-lists", func(s *Settings) *[]BlockList { return &s.BlockLists },
			"Public lists in DNS of addresses that send junk, each with the points that being on it costs, separated by commas; empty asks none.",
			"Listas públicas en DNS de direcciones que envían correo basura, cada una con los puntos que cuesta estar en ella, separadas por comas; vacío no pregunta a ninguna."),
		numberKey("receive.block-points", func(s *Settings) *int { return &s.BlockPoints },
			"Points of those lists from which mail is refused; 0 never refuses for them.",
			"Puntos de esas listas a partir de los que se rechaza el correo; 0 nunca rechaza por ellas."),
		switchKey("receive.slow-strangers", func(s *Settings) *bool { return &s.SlowStrangers },
			"Whether servers that never brought mail before wait some seconds: those of junk senders often do not.",
			"Si los servidores que nunca trajeron correo esperan unos segundos: los que envían basura a menudo no lo hacen."),
		switchKey("receive.greylist", func(s *Settings) *bool { return &s.Greylist },
			"Whether to ask unknown senders to come again after a minute; first mails are some minutes late then.",
			"Si se pide a remitentes desconocidos que vuelvan tras un minuto; los primeros correos tardan entonces unos minutos."),
		domainsKey("receive.forwarders", func(s *Settings) *[]string { return &s.Forwarders },
			"Domains that forward mail to here and whose word is taken for who wrote it (ARC), separated by commas.",
			"Dominios que reenvían correo hacia aquí y en cuya palabra sobre quién lo escribió se confía (ARC), separados por comas."),
	}
}

// blockListsKey is a list of DNS block lists.
func blockListsKey(name string, field func(*Settings) *[]BlockList, english, spanish string) Key {
	return Key{
		Name: name, Kind: List, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseBlockLists(text); return err },
		print: func(s *Settings) string { return printBlockLists(*field(s)) },
	}
}

// domainsKey is a list of domains.
func domainsKey(name string, field func(*Settings) *[]string, english, spanish string) Key {
	return Key{
		Name: name, Kind: List, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseDomains(text); return err },
		print: func(s *Settings) string { return printList(*field(s)) },
	}
}
