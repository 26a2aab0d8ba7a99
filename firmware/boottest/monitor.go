package boottest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// monitor speaks QEMU's machine protocol (QMP, docs/interop/qmp-spec of QEMU).
type monitor struct {
	mu      sync.Mutex
	conn    net.Conn
	decoder *json.Decoder
}

// answer is any line that QEMU sends: an event, or the answer to a command.
type answer struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
}

func dialMonitor(socket string) (*monitor, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	m := &monitor{conn: conn, decoder: json.NewDecoder(conn)}
	if err := m.greet(); err != nil {
		conn.Close()
		return nil, err
	}
	return m, nil
}

// greet hears the greeting and leaves the state in which only the capabilities can be negotiated.
func (m *monitor) greet() error {
	if err := m.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	var greeting struct{ QMP json.RawMessage }
	if err := m.decoder.Decode(&greeting); err != nil {
		return err
	}
	_, err := m.call("qmp_capabilities", nil)
	return err
}

// patience is for one command; QEMU answers at once, but for its own start.
const patience = 20 * time.Second

func (m *monitor) call(command string, arguments any) (json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(m.conn).Encode(request); err != nil {
		return nil, err
	}
	for {
		var a answer
		if err := m.decoder.Decode(&a); err != nil {
			return nil, err
		}
		switch {
		case a.Error != nil:
			return nil, errors.New(a.Error.Desc)
		case a.Event == "":
			return a.Return, nil
		}
	}
}

// human is a command of the monitor that people use.
func (m *monitor) human(command string) (string, error) {
	b, err := m.call("human-monitor-command", map[string]any{"command-line": command})
	if err != nil {
		return "", err
	}
	var text string
	err = json.Unmarshal(b, &text)
	return text, err
}

// written is the sum of what was written to all disks, in octets.
func (m *monitor) written() (int64, error) {
	b, err := m.call("query-blockstats", nil)
	if err != nil {
		return 0, err
	}
	var disks []struct {
		Device string
		Stats  struct {
			Written int64 `json:"wr_bytes"`
		}
	}
	if err := json.Unmarshal(b, &disks); err != nil {
		return 0, err
	}
	for _, d := range disks {
		if d.Device == "d0" {
			return d.Stats.Written, nil
		}
	}
	return 0, fmt.Errorf("no disk d0 in %s", b)
}
