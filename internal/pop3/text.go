package pop3

// Response codes (RFC 2449 §8, RFC 3206).
const (
	codeAuth      = "AUTH"
	codeInUse     = "IN-USE"
	codePermanent = "SYS/PERM"
	codeTemporary = "SYS/TEMP"
)

// language is what the sentences after +OK and -ERR are in (RFC 6856 §3).
type language int

const (
	english language = iota
	spanish
)

// phrase is one sentence in every language. Until the peer has asked for another, it is English in ASCII.
type phrase struct{ en, es string }

func (p phrase) in(l language) string {
	if l == spanish {
		return p.es
	}
	return p.en
}

// Before log-in.
var (
	sayGreeting      = phrase{"Buzon is ready.", "Buzon está listo."}
	sayNoPassword    = phrase{"Log-in needs TLS: send STLS first, or connect to port 995.", "Para entrar hace falta TLS: envíe antes STLS o conéctese al puerto 995."}
	sayNoAPOP        = phrase{"APOP is not offered here. Use USER and PASS, or AUTH.", "Aquí no se ofrece APOP. Use USER y PASS, o AUTH."}
	sayNeedUser      = phrase{"Please send USER with your address first.", "Envíe antes USER con su dirección."}
	sayWhatUser      = phrase{"Please give your address, like this: USER ana@example.org", "Indique su dirección, así: USER ana@example.org"}
	sayPassword      = phrase{"Now send PASS and your password.", "Ahora envíe PASS y su contraseña."}
	sayWrong         = phrase{"Wrong name or password.", "Nombre o contraseña incorrectos."}
	sayTooManyWrong  = phrase{"Wrong name or password, too often. Goodbye.", "Nombre o contraseña incorrectos demasiadas veces. Adiós."}
	sayInUse         = phrase{"Another POP3 session has this mailbox open. Please try again in a moment.", "Otra sesión POP3 tiene abierto este buzón. Inténtelo de nuevo en un momento."}
	sayWelcome       = phrase{"Welcome. Messages: %d, octets: %d.", "Bienvenido. Mensajes: %d, octetos: %d."}
	sayMechanisms    = phrase{"These ways to log in are offered:", "Se ofrecen estas formas de entrar:"}
	sayNoMechanism   = phrase{"This way to log in is not offered; AUTH alone lists those that are.", "Esa forma de entrar no se ofrece; AUTH a solas muestra las que sí."}
	sayBadExchange   = phrase{"That does not belong to this way to log in.", "Eso no corresponde a esta forma de entrar."}
	sayCancelled     = phrase{"Log-in cancelled.", "Entrada cancelada."}
	sayNoTLS         = phrase{"TLS is not offered here.", "Aquí no se ofrece TLS."}
	sayTLSAlready    = phrase{"This connection uses TLS already.", "Esta conexión ya usa TLS."}
	sayStartTLS      = phrase{"Start TLS now.", "Inicie TLS ahora."}
	sayUTF8          = phrase{"UTF-8 it is.", "De acuerdo, UTF-8."}
	sayLogInFirst    = phrase{"Please log in first: USER and your address, then PASS and your password.", "Entre primero: USER y su dirección, después PASS y su contraseña."}
	sayLoggedIn      = phrase{"You are logged in already.", "Ya ha entrado."}
	sayUnknownBefore = phrase{"I do not know that. Before log-in there is: CAPA, USER, PASS, AUTH, STLS, UTF8, LANG, QUIT.", "No conozco esa orden. Antes de entrar hay: CAPA, USER, PASS, AUTH, STLS, UTF8, LANG, QUIT."}
)

// After log-in.
var (
	sayUnknown    = phrase{"I do not know that. There is: STAT, LIST, UIDL, RETR n, TOP n lines, DELE n, RSET, NOOP, CAPA, LANG, QUIT.", "No conozco esa orden. Hay: STAT, LIST, UIDL, RETR n, TOP n líneas, DELE n, RSET, NOOP, CAPA, LANG, QUIT."}
	sayList       = phrase{"Messages: %d, octets: %d.", "Mensajes: %d, octetos: %d."}
	sayUIDL       = phrase{"Number and unique name of each message:", "Número y nombre único de cada mensaje:"}
	sayOctets     = phrase{" octets\r\n", " octetos\r\n"}
	sayTop        = phrase{"Its top follows.", "Sigue su comienzo."}
	sayNeedNumber = phrase{"Please give the number of a message; LIST shows them.", "Indique el número de un mensaje; LIST los muestra."}
	sayNeedLines  = phrase{"Please give the number of a message and how many lines of it: TOP 1 10", "Indique el número de un mensaje y cuántas líneas: TOP 1 10"}
	sayNoMessage  = phrase{"There is no message %d; the last is %d.", "No hay mensaje %d; el último es el %d."}
	sayDeleted    = phrase{"Message %d is marked as deleted; RSET takes that back.", "El mensaje %d está marcado como borrado; RSET lo deshace."}
	sayGone       = phrase{"This message was removed meanwhile by another program.", "Otro programa ha quitado este mensaje entretanto."}
	sayDele       = phrase{"Message %d will be removed at QUIT.", "El mensaje %d se borrará con QUIT."}
	sayRset       = phrase{"Nothing is marked as deleted now. Messages: %d, octets: %d.", "Ya no hay nada marcado como borrado. Mensajes: %d, octetos: %d."}
	sayHere       = phrase{"Still here.", "Aquí sigo."}
	sayNotRemoved = phrase{"The messages marked as deleted could not be removed. Goodbye.", "No se han podido borrar los mensajes marcados. Adiós."}
)

// At any time.
var (
	sayCapa       = phrase{"This is what I can do:", "Esto es lo que sé hacer:"}
	sayBye        = phrase{"Goodbye.", "Adiós."}
	sayByeRemoved = phrase{"Messages removed: %d. Goodbye.", "Mensajes borrados: %d. Adiós."}
	sayLanguages  = phrase{"These languages are spoken:", "Se hablan estos idiomas:"}
	sayLanguage   = phrase{"en I speak English now.", "es Ahora hablo español."} // RFC 6856 §3.1: starts with the tag
	sayNoLanguage = phrase{"I do not speak that language; LANG alone lists those I do.", "No hablo ese idioma; LANG a solas muestra los que sí."}
	sayEmpty      = phrase{"Please type a command; CAPA and QUIT always work.", "Escriba una orden; CAPA y QUIT siempre funcionan."}
	sayNonsense   = phrase{"This is a POP3 server, and that was no POP3. Goodbye.", "Esto es un servidor POP3, y eso no era POP3. Adiós."}
	sayLongLine   = phrase{"That line is too long. Goodbye.", "Esa línea es demasiado larga. Adiós."}
	sayTooMuch    = phrase{"That is too much before log-in. Goodbye.", "Eso es demasiado sin haber entrado. Adiós."}
	sayTryLater   = phrase{"Something went wrong here. Please try again later.", "Algo ha fallado aquí. Inténtelo más tarde."}
	sayGoingDown  = phrase{"The server is restarting. Please come back in a moment.", "El servidor se reinicia. Vuelva en un momento."}
)
