package button

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func event(kind, code uint16, value uint32) []byte {
	b := make([]byte, timeSize)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, code)
	return binary.NativeEndian.AppendUint32(b, value)
}

func TestWatch(t *testing.T) {
	folder := t.TempDir()
	tree := Tree{Sys: filepath.Join(folder, "sys"), Dev: filepath.Join(folder, "dev")}
	for name, keys := range map[string]string{
		"event0": "10000000000000 0\n",         // the button of a board: key 116 alone
		"event1": "7fffffffffffffff 0 0 1 0\n", // a mouse: only keys beyond
		"event2": "",                           // a sensor
	} {
		write(t, filepath.Join(tree.Sys, name, "device/capabilities/key"), []byte(keys))
	}
	if strconv.IntSize != 64 {
		t.Skip("the bitmap above is that of a kernel of 64 bits")
	}
	var events bytes.Buffer
	for _, e := range [][]byte{event(keyEvent, keyPower, 1), event(0, 0, 0), event(keyEvent, keyPower, 0), event(keyEvent, 30, 1), event(keyEvent, keyPower, 1)} {
		events.Write(e)
	}
	for _, name := range []string{"event0", "event1", "event2"} {
		write(t, filepath.Join(tree.Dev, name), events.Bytes())
	}
	count := 0
	tree.Watch(t.Context(), slog.New(slog.DiscardHandler), func() { count++ })
	if count != 2 {
		t.Errorf("pressed %d times, not twice", count)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
