package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"buzon/internal/finding"
)

// ports is where our services listen, as the appliance noted it.
func (d *Doctor) ports(ctx context.Context) (Ports, error) {
	text, _, found, err := d.Store.Noted(ctx, notePorts)
	if err != nil || !found {
		return Ports{}, err
	}
	var p Ports
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("read where we listen: %w", err)
	}
	return p, nil
}

// at is where to connect to a service of ours on this machine; where nothing was noted, at its standard port.
func (p Ports) at(port int) string {
	if address, ok := p[port]; ok {
		return address
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// KeepPorts keeps where our services listen, for other doctors, too: they may be other processes. Without it they look at the
// standard ports.
func (d *Doctor) KeepPorts(ctx context.Context, p Ports) {
	text, err := p.note()
	if err == nil {
		err = d.Store.Note(ctx, notePorts, text)
	}
	if err != nil {
		d.Log.Error("cannot keep where we listen", "err", err)
	}
}

// note is p as notePorts has it. A listener on every address is reached over loopback.
func (p Ports) note() (string, error) {
	reached := Ports{}
	for port, address := range p {
		host, number, err := net.SplitHostPort(address)
		if err != nil {
			return "", fmt.Errorf("note where we listen: %w", err)
		}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		reached[port] = net.JoinHostPort(host, number)
	}
	text, err := json.Marshal(reached)
	if err != nil {
		return "", fmt.Errorf("note where we listen: %w", err)
	}
	return string(text), nil
}

// portTime is for one of our own ports, which is next door.
const portTime = 6 * time.Second

// service is one port that mail cannot do without.
type service struct {
	port int
	says string // how its greeting begins; "": it does not speak first, or only within TLS
}

func services() []service {
	return []service{{25, "220"}, {587, "220"}, {465, ""}, {993, ""}, {443, ""}, {80, ""}}
}

// checkPorts looks whether our own services answer on this machine.
func checkPorts(ctx context.Context, e *exam, _ string) (Finding, error) {
	all := services()
	silent := make([]bool, len(all))
	var looking sync.WaitGroup
	for i, s := range all {
		looking.Go(func() { silent[i] = !e.answers(ctx, s) })
	}
	looking.Wait()
	var names []string
	for i, s := range all {
		if silent[i] {
			names = append(names, strconv.Itoa(s.port))
		}
	}
	switch {
	case len(names) == len(all):
		return finding.Failed(finding.Say("doctor_ports_none"), finding.Say("doctor_cure_serve")), nil
	case slices.Equal(names, []string{"80"}):
		return finding.Warned(finding.Say("doctor_ports_some", "ports", "80"), finding.Say("doctor_cure_ports")), nil
	case len(names) > 0:
		return finding.Failed(finding.Say("doctor_ports_some", "ports", strings.Join(names, ", ")), finding.Say("doctor_cure_ports")), nil
	}
	return finding.Passed(finding.Say("doctor_ports_good")), nil
}

// answers tells whether a service takes a connection and greets.
func (e *exam) answers(ctx context.Context, s service) bool {
	ctx, cancel := context.WithTimeout(ctx, portTime)
	defer cancel()
	conn, err := e.Here(ctx, "tcp", e.ports.at(s.port))
	if err != nil {
		return false
	}
	defer conn.Close()
	if s.says == "" {
		return true
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	line, err := bufio.NewReader(io.LimitReader(conn, 512)).ReadString('\n') // RFC 5321 §4.5.3.1.5
	if err != nil || !strings.HasPrefix(line, s.says) {
		return false
	}
	_, _ = io.WriteString(conn, "QUIT\r\n") // a courtesy; the answer is known
	return true
}
