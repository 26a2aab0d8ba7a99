package clienttest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// marionette is the remote control of Mozilla's programs: JSON over TCP, each message behind its length and a colon.
type marionette struct {
	net.Conn
	r  *bufio.Reader
	id int
}

// dialMarionette waits for the program to write the port into a file, and opens a session that may use all of the program.
func dialMarionette(t *testing.T, portFile string) *marionette {
	t.Helper()
	var port string
	eventually(t, portFile+" has the port", func() (bool, string) {
		text, _ := os.ReadFile(portFile)
		port = strings.TrimSpace(string(text))
		return port != "", ""
	})
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	m := &marionette{Conn: conn, r: bufio.NewReader(conn)}
	if _, err := m.message(); err != nil { // its greeting
		t.Fatal(err)
	}
	if _, err := m.command("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.command("Marionette:SetContext", map[string]any{"value": "chrome"}); err != nil {
		t.Fatal(err)
	}
	return m
}

// message reads one.
func (m *marionette) message() ([]json.RawMessage, error) {
	m.SetDeadline(time.Now().Add(patience))
	var n int
	if _, err := fmt.Fscanf(m.r, "%d:", &n); err != nil {
		return nil, err
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(m.r, text); err != nil {
		return nil, err
	}
	var parts []json.RawMessage
	if text[0] == '{' { // the greeting
		return nil, nil
	}
	return parts, json.Unmarshal(text, &parts)
}

// command sends [0, id, name, parameters] and reads [1, id, error, result].
func (m *marionette) command(name string, parameters map[string]any) (json.RawMessage, error) {
	m.id++
	text, err := json.Marshal([]any{0, m.id, name, parameters})
	if err != nil {
		return nil, err
	}
	m.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(m, "%d:%s", len(text), text); err != nil {
		return nil, err
	}
	parts, err := m.message()
	if err != nil {
		return nil, err
	}
	if len(parts) != 4 {
		return nil, fmt.Errorf("%s: an answer of %d parts", name, len(parts))
	}
	if string(parts[2]) != "null" {
		return nil, fmt.Errorf("%s: %s", name, parts[2])
	}
	return parts[3], nil
}

// run calls a function that script defines with args, and gives its result as text.
func (m *marionette) run(script, function string, args []string) (string, error) {
	script += "\nconst done = arguments[arguments.length - 1];\n" +
		"(async () => actions[arguments[0]](...arguments[1]))().then(r => done('' + r), e => done('failed: ' + e + ' ' + e.stack));"
	answer, err := m.command("WebDriver:ExecuteAsyncScript", map[string]any{
		"script": script, "args": []any{function, append([]string{}, args...)}, "newSandbox": true, "scriptTimeout": patience.Milliseconds(),
	})
	if err != nil {
		return "", err
	}
	var result struct{ Value string }
	if err := json.Unmarshal(answer, &result); err != nil {
		return "", err
	}
	if strings.HasPrefix(result.Value, "failed: ") {
		return "", fmt.Errorf("%s", result.Value)
	}
	return result.Value, nil
}

// screenshot is a PNG of the window.
func (m *marionette) screenshot() ([]byte, error) {
	answer, err := m.command("WebDriver:TakeScreenshot", map[string]any{"full": true, "hash": false})
	if err != nil {
		return nil, err
	}
	var result struct{ Value string }
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(result.Value)
}
