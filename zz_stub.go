package main

type smtpKind int

const (
	receive smtpKind = iota
	submit
)

func newSMTP(a *appliance, kind smtpKind) server { return nil }
func newIMAP(a *appliance) server                { return nil }
