// Package sums writes what tells whether a download is whole and ours: SHA256SUMS, as sha256sum reads it, and its
// signature in minisign's format.
package sums

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"aead.dev/minisign"
)

// Names of the files.
const (
	Name      = "SHA256SUMS"
	Signature = Name + ".minisig"
)

// Write sums up files of a folder.
func Write(folder string, names []string) error {
	names = slices.Clone(names)
	slices.Sort(names)
	var list bytes.Buffer
	for _, name := range names {
		sum, err := of(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%x  %s\n", sum, name)
	}
	return os.WriteFile(filepath.Join(folder, Name), list.Bytes(), 0o644)
}

func of(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// Sign signs the sums of a folder. version goes into the comment that the key vouches for, so that nobody passes old sums
// off as new ones. The same key and sums give the same signature.
func Sign(folder string, key minisign.PrivateKey, version string) error {
	list, err := os.Open(filepath.Join(folder, Name))
	if err != nil {
		return err
	}
	defer list.Close()
	r := minisign.NewReader(list) // hashes: what minisign writes today
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	text := r.SignWithComments(key, "Buzon "+version+" "+Name, "signature of "+Name)
	return os.WriteFile(filepath.Join(folder, Signature), append(text, '\n'), 0o644)
}

// Key reads a secret key. password is asked if the key needs one.
func Key(path string, password func() (string, error)) (minisign.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return minisign.PrivateKey{}, err
	}
	text = bytes.TrimSpace(text)
	if !minisign.IsEncrypted(text) {
		var key minisign.PrivateKey
		if err := key.UnmarshalText(text); err != nil {
			return key, fmt.Errorf("%s is no secret key of minisign: %w", path, err)
		}
		return key, nil
	}
	secret, err := password()
	if err != nil {
		return minisign.PrivateKey{}, err
	}
	key, err := minisign.DecryptKey(secret, text)
	if err != nil {
		return key, errors.Join(fmt.Errorf("cannot open %s: is the password right?", path), err)
	}
	return key, nil
}
