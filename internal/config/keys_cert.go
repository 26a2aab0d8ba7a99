package config

// The values of Settings.CertWay.
const (
	CertAuto    = "auto"     // whichever works
	CertHTTP    = "http"     // on port 80
	CertTLSALPN = "tls-alpn" // on port 443
	CertDNS     = "dns"      // by a record
	CertOff     = "off"      // ask no authority
)

// The values of Settings.DNSProvider.
const (
	NoProvider = "none"
	RFC2136    = "rfc2136" // a server that takes updates
	Cloudflare = "cloudflare"
	DeSEC      = "desec"
	DuckDNS    = "duckdns"
	Manual     = "manual" // a person
)

// certKeys is how the certificate comes about, and who takes our DNS records for it.
func certKeys() []Key {
	return []Key{
		choiceKey("cert.way", []string{CertAuto, CertHTTP, CertTLSALPN, CertDNS, CertOff}, func(s *Settings) *string { return &s.CertWay },
			"How to show the certificate authority that a name is ours: http (port 80), tls-alpn (port 443), dns (a record, see dns.provider), auto: whichever works, or off: ask for no certificate.",
			"Cómo se demuestra a la autoridad de certificación que un nombre es nuestro: http (puerto 80), tls-alpn (puerto 443), dns (un registro, vea dns.provider), auto: lo que funcione, u off: no pedir certificado."),
		textKey("cert.email", func(s *Settings) *string { return &s.CertEmail },
			"Address that the certificate authority may write to; may be empty.",
			"Dirección a la que puede escribir la autoridad de certificación; puede estar vacía."),
		textKey("cert.directory", func(s *Settings) *string { return &s.CertDirectory },
			"Certificate authority to ask, as the address of its ACME directory; empty means Let's Encrypt.",
			"Autoridad de certificación a la que se pide, como dirección de su directorio ACME; vacío es Let's Encrypt."),
		textKey("cert.staging", func(s *Settings) *string { return &s.CertStaging },
			"Where that authority lets one try first; empty means nowhere, and with Let's Encrypt its own place for that.",
			"Dónde permite probar antes esa autoridad; vacío es en ningún sitio, y con Let's Encrypt el suyo."),
		textKey("cert.profile", func(s *Settings) *string { return &s.CertProfile },
			"Kind of certificate to ask for, if the authority offers several, such as shortlived; empty leaves it to the authority.",
			"Clase de certificado que se pide, si la autoridad ofrece varias, por ejemplo shortlived; vacío lo deja a la autoridad."),
		switchKey("cert.rsa", func(s *Settings) *bool { return &s.CertRSA },
			"Whether to get a second certificate with an RSA key, for programs too old for the usual kind.",
			"Si se obtiene un segundo certificado con clave RSA, para programas demasiado viejos para el habitual."),
		choiceKey("dns.provider", []string{NoProvider, RFC2136, Cloudflare, DeSEC, DuckDNS, Manual}, func(s *Settings) *string { return &s.DNSProvider },
			"Who keeps your domain's DNS, so that Buzon can set its records there; manual: Buzon says which, and you set them.",
			"Quién lleva el DNS de su dominio, para que Buzon ponga allí sus registros; manual: Buzon dice cuáles, y los pone usted."),
		secretKey("dns.token", func(s *Settings) *string { return &s.DNSToken },
			"The token that this provider gave you; for rfc2136 the key as [hmac-sha256:]name:secret.",
			"El token que le dio ese proveedor; para rfc2136 la clave como [hmac-sha256:]nombre:secreto."),
		hostPortKey("dns.server", func(s *Settings) *string { return &s.DNSServer },
			"For rfc2136: the server that takes updates, as host or host:port.",
			"Para rfc2136: el servidor que acepta cambios, como máquina o máquina:puerto."),
		switchKey("dns.keep-address", func(s *Settings) *bool { return &s.KeepAddress },
			"Whether Buzon sets the address of its name anew at that provider whenever this line gets another one, as most at home do.",
			"Si Buzon pone de nuevo la dirección de su nombre en ese proveedor cada vez que esta línea recibe otra, como casi todas en casa."),
	}
}

// secretKey is a text that lists do not show.
func secretKey(name string, field func(*Settings) *string, english, spanish string) Key {
	k := textKey(name, field, english, spanish)
	k.Secret = true
	return k
}

// hostPortKey is a host with a port, or nothing.
func hostPortKey(name string, field func(*Settings) *string, english, spanish string) Key {
	k := textKey(name, field, english, spanish)
	k.parse = func(s *Settings, text string) (err error) { *field(s), err = parseHostPort(text); return err }
	return k
}
