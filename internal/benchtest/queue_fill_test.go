package benchtest

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// abroad is the domain to which queued mail goes.
const abroad = "sink.test"

// unreachable is a relay that never was: the port of tcpmux.
const unreachable = "127.0.0.1:1"

// queued is a file with messages of 10 KB that wait for a relay, made once a run, as people fill it: by submission.
var queued = sync.OnceValues(func() (string, error) {
	data := filepath.Join(folder, "queued.db")
	err := makeQueue(data)
	if err == nil {
		err = fillQueue(data, func(a *appliance) error { return submit(a, size(10_000, 50)) })
	}
	return data, err
})

// makeQueue makes a file in which mail waits: no relay answers.
func makeQueue(data string) error {
	if err := makeAccounts(data); err != nil {
		return err
	}
	return commands(data,
		[]string{"settings", "set", "send.way", "relay"},
		[]string{"settings", "set", "send.per-day", "0"},
		[]string{"settings", "set", "send.new-per-day", "0"},
		[]string{"relay", "set", unreachable, "--tls", "none"},
	)
}

// fillQueue runs fill, after which all that is not held is due.
func fillQueue(data string, fill func(a *appliance) error) error {
	a, err := launch(data)
	if err != nil {
		return err
	}
	if err := fill(a); err != nil {
		return fmt.Errorf("%w\n%s", err, a.tail())
	}
	if err := a.stop(); err != nil {
		return err
	}
	return command(data, "", "queue", "retry", "--all")
}

func commands(data string, all ...[]string) error {
	for _, args := range all {
		if err := command(data, "", args...); err != nil {
			return err
		}
	}
	return nil
}

// turnTo makes a filled file send to addr.
func turnTo(b *testing.B, data, addr string) {
	b.Helper()
	err := commands(data, []string{"relay", "remove", unreachable}, []string{"relay", "set", addr, "--tls", "none"})
	if err != nil {
		b.Fatal(err)
	}
}

// submit sends n messages of ana.
func submit(a *appliance, n int) error {
	const conns = 10
	return parallel(conns, func(i int) error {
		c, err := dialSubmission(a)
		if err != nil {
			return err
		}
		defer c.close()
		for k := i; k < n; k += conns {
			to := recipient(k)
			if err := c.submit(to, newSubmission(k, to, messageSize)); err != nil {
				return err
			}
		}
		return nil
	})
}

func recipient(i int) string { return fmt.Sprintf("r%d@%s", i%20, abroad) }

// dialSubmission logs ana in.
func dialSubmission(a *appliance) (*smtpClient, error) {
	w, err := dial(a.addr["smtps"], true, nil)
	if err != nil {
		return nil, err
	}
	c := &smtpClient{w}
	login := base64.StdEncoding.EncodeToString([]byte("\x00" + ana + "\x00" + password))
	for _, say := range []struct{ line, want string }{
		{"", "220"}, {"EHLO phone.example.test\r\n", "250"}, {"AUTH PLAIN " + login + "\r\n", "235"},
	} {
		c.printf("%s", say.line)
		if err := c.reply(say.want); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *smtpClient) submit(to string, msg []byte) error {
	return c.submitFrom(to, func(w io.Writer) error {
		_, err := w.Write(msg)
		return err
	})
}

func (c *smtpClient) submitFrom(to string, write func(io.Writer) error) error {
	return c.transfer(ana, to, write)
}

// copyFile copies a file of an appliance that does not run.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
