package main

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/owned"
	"buzon/firmware/internal/settings"
	"buzon/internal/text"
)

// readSettings reads what the owner put on the card.
func (b *box) readSettings() {
	b.settings = settings.Default()
	file, err := owned.Read(filepath.Join(ownerFolder, "settings.txt"), settings.Largest)
	var problems []settings.Problem
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		problems = []settings.Problem{{Key: "box_settings_unreadable", Args: []string{"reason", err.Error()}}}
	default:
		b.settings, problems = settings.Parse(file)
	}
	if b.settings.Language != "" {
		b.words = text.Load(b.settings.Language)
	}
	b.notes = complaints(b.words, problems)
	for _, note := range b.notes {
		b.log.Warn(note)
	}
	if err := unix.Sethostname([]byte(b.hostname())); err != nil {
		b.log.Warn("cannot set the name", "err", err)
	}
}

func complaints(words *text.Catalogue, problems []settings.Problem) []string {
	var notes []string
	for _, p := range problems {
		pairs := make([]any, len(p.Args))
		for i, a := range p.Args {
			pairs[i] = a
		}
		sentence := words.Say(p.Key, pairs...)
		if p.Line == 0 {
			notes = append(notes, words.Say("box_settings_whole", "problem", sentence))
		} else {
			notes = append(notes, words.Say("box_settings_line", "line", p.Line, "problem", sentence))
		}
	}
	return notes
}

// hostname is without .local, under which Buzon itself answers.
func (b *box) hostname() string {
	if b.settings.Hostname == "" {
		return "buzon"
	}
	return b.settings.Hostname
}
