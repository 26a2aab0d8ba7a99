package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"buzon/internal/message"
)

// parseHostPort reads a host or address, with a port or with the one of DNS.
func parseHostPort(text string) (string, error) {
	server, ok := hostPort(text, dnsPort)
	if !ok {
		return "", errors.New("it must be a server such as ns.example.org or 192.0.2.1:53")
	}
	return server, nil
}

// hostPort reads a host or address, with a port or with the usual one. Nothing is nothing.
func hostPort(text string, usual int) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return "", true
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = unbracket(text), strconv.Itoa(usual)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	_, notAddress := netip.ParseAddr(host)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, "%") || notAddress != nil && checkHostName(host) != nil {
		return "", false
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), true
}

// checkURL wants the address of a service that nobody can read along with, or none.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("it must be an address such as https://ca.example.org/directory")
	}
	return nil
}

// checkEmail wants a whole mail address, or none.
func checkEmail(text string) error {
	if text == "" {
		return nil
	}
	if a, err := message.ParseAddress(text); err != nil || a.Domain == "" {
		return errors.New("it must be a mail address such as ana@example.org")
	}
	return nil
}

func (s Settings) checkStaging() error {
	if s.CertStaging != "" && s.CertDirectory == "" {
		return fmt.Errorf("set cert.directory first: Let's Encrypt's own is known")
	}
	return checkURL(s.CertStaging)
}
