package main

import (
	"encoding/json"
	"os"
	"strings"

	"buzon/internal/update"
)

// identity is what image.json tells of this system.
type identity struct {
	Version string `json:"version"`
	Board   string `json:"board"`
	Data    int    `json:"data"` // form of the data
	Key     string `json:"key"`  // that signs updates, as a line of minisign; "" takes none
	key     update.Key
}

const identityFile = "/etc/buzon/image.json"

// identify reads who we are, and how the kernel was started.
func (b *box) identify() {
	arguments, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		b.log.Warn("no kernel command line", "err", err)
	}
	b.arguments = strings.TrimSpace(string(arguments))
	b.identity, err = readIdentity(identityFile)
	if err != nil { // the system runs without updates
		b.log.Error("this image does not know what it is", "err", err)
	}
}

func readIdentity(path string) (identity, error) {
	var id identity
	content, err := os.ReadFile(path)
	if err != nil {
		return id, err
	}
	if err := json.Unmarshal(content, &id); err != nil {
		return id, err
	}
	if id.Key != "" {
		id.key, err = update.ParseKey(id.Key)
	}
	return id, err
}

// argument is the value of a word of the kernel's command line, "" if it is not there.
func (b *box) argument(name string) string {
	for word := range strings.FieldsSeq(b.arguments) {
		if value, found := strings.CutPrefix(word, name+"="); found {
			return value
		}
	}
	return ""
}
