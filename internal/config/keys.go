package config

import (
	"slices"
	"strconv"
	"time"
)

// Kind is what a setting's text means, for pages and help texts.
type Kind int

// The kinds of settings.
const (
	Text     Kind = iota
	Choice        // one of Key.Choices
	Switch        // yes or no
	Days          // a number of days
	Size          // octets, with a unit: 50MB
	List          // words separated by commas
	Duration      // a time with a unit: 4h, 5d
	Number        // a whole number, not negative
)

// Key is one setting by its name.
type Key struct {
	Name    string
	Kind    Kind
	Choices []string
	Secret  bool   // not to be shown in lists
	English string // what it does, one sentence
	Spanish string

	parse func(s *Settings, text string) error
	print func(s *Settings) string
}

// Describe is the description in a language, English where we have no other.
func (k Key) Describe(language string) string {
	if language == "es" {
		return k.Spanish
	}
	return k.English
}

// Keys is all settings, in the order in which people see them.
func Keys() []Key {
	return slices.Concat(houseKeys(), sendKeys(), receiveKeys(), certKeys(), doctorKeys())
}

// houseKeys is what is said of the house itself and of the mail in it.
func houseKeys() []Key {
	return []Key{
		textKey("server.name", func(s *Settings) *string { return &s.ServerName },
			"Name of this server in greetings and in the mail it handles; empty means the machine's own name.",
			"Nombre de este servidor en los saludos y en el correo que pasa por él; vacío es el nombre de la máquina."),
		textKey("local.name", func(s *Settings) *string { return &s.LocalName },
			"Name in the home network: buzon is found as buzon.local there. It holds from the next start on.",
			"Nombre en la red de casa: buzon se encuentra allí como buzon.local. Vale desde el próximo arranque."),
		choiceKey("language", []string{"en", "es"}, func(s *Settings) *string { return &s.Language },
			"Language of what Buzon writes to people.",
			"Idioma de lo que Buzon escribe a las personas."),
		textKey("tls.cert-file", func(s *Settings) *string { return &s.CertFile },
			"File with your own certificate and its chain (PEM); empty means one that Buzon makes itself.",
			"Archivo con su propio certificado y su cadena (PEM); vacío es uno que Buzon hace por sí mismo."),
		textKey("tls.key-file", func(s *Settings) *string { return &s.KeyFile },
			"File with the key of that certificate (PEM); empty means it is in the certificate's file.",
			"Archivo con la clave de ese certificado (PEM); vacío es que está en el archivo del certificado."),
		switchKey("pop3.mark-seen", func(s *Settings) *bool { return &s.POP3MarkSeen },
			"Whether mail fetched over POP3 counts as read.",
			"Si el correo recogido por POP3 cuenta como leído."),
		daysKey("pop3.keep-days", func(s *Settings) *int { return &s.POP3KeepDays },
			"Days after its arrival until mail that was fetched over POP3 is removed here; 0 keeps it.",
			"Días tras su llegada hasta que se borra aquí el correo recogido por POP3; 0 lo conserva."),
		sizeKey("limits.message-size", func(s *Settings) *int64 { return &s.MessageSize },
			"Largest message accepted.",
			"Tamaño máximo de un mensaje."),
		sizeKey("account.quota", func(s *Settings) *int64 { return &s.DefaultQuota },
			"Space for the mail of a new account; 0 means no limit.",
			"Espacio para el correo de una cuenta nueva; 0 es sin límite."),
		switchKey("page.anywhere", func(s *Settings) *bool { return &s.PageAnywhere },
			"Whether admins may use the page from outside the home's own network, with a trusted certificate; people always reach their own account.",
			"Si los administradores pueden usar la página desde fuera de la red de casa, con un certificado de confianza; cada persona llega siempre a su propia cuenta."),
		switchKey("search.index", func(s *Settings) *bool { return &s.SearchIndex },
			"Whether to keep an index of all text: searching is fast then, and the file larger by about a third of the text.",
			"Si se guarda un índice de todo el texto: buscar es rápido entonces, y el archivo crece un tercio del texto."),
		wordsKey("login.hide", func(s *Settings) *[]string { return &s.HideLogin },
			"Ways to log in that are not offered, separated by commas, for programs that choose one they cannot do: SCRAM-SHA-256-PLUS.",
			"Formas de entrar que no se ofrecen, separadas por comas, para programas que eligen una que no saben usar: SCRAM-SHA-256-PLUS."),
		hideKey("imap.hide", func(s *Settings) *[]HideRule { return &s.Hide },
			"IMAP capabilities to hide from programs that cannot cope with them, separated by commas: CONDSTORE hides it from all, "+
				"ana@example.org:CONDSTORE from one account, id=Outlook*:CONDSTORE from programs whose name (IMAP's ID) fits; * and ? are wildcards.",
			"Capacidades de IMAP que se ocultan a programas que fallan con ellas, separadas por comas: CONDSTORE la oculta a todos, "+
				"ana@example.org:CONDSTORE a una cuenta, id=Outlook*:CONDSTORE a los programas cuyo nombre (ID de IMAP) coincide; * y ? son comodines."),
		hideKey("imap.show", func(s *Settings) *[]HideRule { return &s.Show },
			"IMAP capabilities to offer that are hidden otherwise because some programs fail with them, named as in imap.hide; there is one, UIDONLY.",
			"Capacidades de IMAP que se ofrecen aunque por lo demás se ocultan porque algunos programas fallan con ellas, "+
				"nombradas como en imap.hide; hay una, UIDONLY."),
	}
}

// Find is the setting of that name; the error suggests the nearest.
func Find(name string) (Key, error) {
	keys := Keys()
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, &UnknownKeyError{Name: name, Nearest: nearest(name, keys)}
	}
	return keys[i], nil
}

func textKey(name string, field func(*Settings) *string, english, spanish string) Key {
	return Key{
		Name: name, Kind: Text, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseText(text); return err },
		print: func(s *Settings) string { return *field(s) },
	}
}

func choiceKey(name string, choices []string, field func(*Settings) *string, english, spanish string) Key {
	k := textKey(name, field, english, spanish)
	k.Kind, k.Choices = Choice, choices
	k.parse = func(s *Settings, text string) (err error) { *field(s), err = parseChoice(text, choices); return err }
	return k
}

func switchKey(name string, field func(*Settings) *bool, english, spanish string) Key {
	return Key{
		Name: name, Kind: Switch, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseSwitch(text); return err },
		print: func(s *Settings) string { return printSwitch(*field(s)) },
	}
}

func daysKey(name string, field func(*Settings) *int, english, spanish string) Key {
	return Key{
		Name: name, Kind: Days, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = ParseDays(text); return err },
		print: func(s *Settings) string { return FormatDays(*field(s)) },
	}
}

func sizeKey(name string, field func(*Settings) *int64, english, spanish string) Key {
	return Key{
		Name: name, Kind: Size, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = ParseSize(text); return err },
		print: func(s *Settings) string { return FormatSize(*field(s)) },
	}
}

func durationKey(name string, field func(*Settings) *time.Duration, english, spanish string) Key {
	return Key{
		Name: name, Kind: Duration, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = ParseDuration(text); return err },
		print: func(s *Settings) string { return FormatDuration(*field(s)) },
	}
}

func numberKey(name string, field func(*Settings) *int, english, spanish string) Key {
	return Key{
		Name: name, Kind: Number, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseNumber(text); return err },
		print: func(s *Settings) string { return strconv.Itoa(*field(s)) },
	}
}

func wordsKey(name string, field func(*Settings) *[]string, english, spanish string) Key {
	return Key{
		Name: name, Kind: List, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseWords(text); return err },
		print: func(s *Settings) string { return printList(*field(s)) },
	}
}

func hideKey(name string, field func(*Settings) *[]HideRule, english, spanish string) Key {
	return Key{
		Name: name, Kind: List, English: english, Spanish: spanish,
		parse: func(s *Settings, text string) (err error) { *field(s), err = parseHide(text); return err },
		print: func(s *Settings) string { return printHide(*field(s)) },
	}
}
