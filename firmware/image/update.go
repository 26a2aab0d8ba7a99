package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"aead.dev/minisign"

	"buzon/internal/update"
)

// BuildUpdate writes the update file that brings the same system to a card that has another one, signed with a key.
func BuildUpdate(ctx context.Context, to io.Writer, o Options, secret minisign.PrivateKey) error {
	raw, err := os.CreateTemp("", "mkimage")
	if err != nil {
		return err
	}
	defer discard(raw)
	used, err := o.writeSlot(ctx, raw)
	if err != nil {
		return err
	}
	if err := raw.Truncate(used); err != nil {
		return err
	}
	header := update.Header{Board: o.Board.Name, Version: o.Version, Data: o.Data, Image: used}
	return Seal(ctx, to, raw, header, secret)
}

// Seal makes an update file of a slot's image. Packed of the header need not be set.
func Seal(ctx context.Context, to io.Writer, raw io.Reader, header update.Header, secret minisign.PrivateKey) error {
	packed, err := os.CreateTemp("", "mkimage")
	if err != nil {
		return err
	}
	defer discard(packed)
	if err := Compress(ctx, packed, raw); err != nil {
		return err
	}
	if _, err := packed.Seek(0, io.SeekStart); err != nil {
		return err
	}
	message := minisign.NewReader(packed)
	if header.Packed, err = io.Copy(io.Discard, message); err != nil {
		return err
	}
	// Without a time, so that the same system gives the same octets.
	signature := message.SignWithComments(secret, header.String(), "an update of Buzon for "+header.Board)
	if _, err := fmt.Fprintf(to, "%s\n", bytes.TrimRight(signature, "\n")); err != nil {
		return err
	}
	if _, err := packed.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(to, packed)
	return err
}

func discard(f *os.File) error { return errors.Join(f.Close(), os.Remove(f.Name())) }
