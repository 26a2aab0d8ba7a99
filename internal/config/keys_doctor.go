package config

import "errors"

// doctorKeys is how the box is examined.
func doctorKeys() []Key {
	return []Key{
		eyeKey("doctor.outside", func(s *Settings) *string { return &s.OutsideEye },
			"A checker on a rented host that looks from outside which of our ports the world reaches, as host or host:port (see buzon help outside); empty means none.",
			"Un comprobador en una máquina alquilada que mira desde fuera a qué puertos nuestros llega el mundo, como máquina o máquina:puerto (vea buzon help outside); vacío es ninguno."),
	}
}

// eyeKey is a host with a port, or nothing.
func eyeKey(name string, field func(*Settings) *string, english, spanish string) Key {
	k := textKey(name, field, english, spanish)
	k.parse = func(s *Settings, text string) (err error) { *field(s), err = parseEye(text); return err }
	return k
}

// eyePort is where a checker listens that says no port.
const eyePort = 8025

// parseEye reads a host or address, with a port or with the usual one.
func parseEye(text string) (string, error) {
	eye, ok := hostPort(text, eyePort)
	if !ok {
		return "", errors.New("it must be a host such as eye.example.org or 192.0.2.1:8025")
	}
	return eye, nil
}
