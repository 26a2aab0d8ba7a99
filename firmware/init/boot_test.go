package main

import (
	"testing"
	"time"

	"buzon/firmware/boottest"
)

// everyPort is what a box with an owner answers on.
func everyPort() []int { return []int{25, 80, 110, 143, 443, 465, 587, 993, 995, 2525} }

func (p programs) start(t *testing.T, c *card, clock string) *boottest.Running {
	t.Helper()
	return boottest.Start(t, boottest.Machine{
		Board: boottest.Virt, Kernel: p.kernel, Initrd: p.initrd, Disk: c.path, Ports: everyPort(), Clock: clock,
		Append: "rdinit=/init panic=-1 quiet buzon.log=console buzon.measure=5",
	})
}

func TestIdle(t *testing.T) {
	p := build(t)
	c := newCard(t, cardOptions{size: 1 << 30, settings: "time=" + timeServer(t) + "," + timeServer(t), data: p.owned(t)})
	m := p.start(t, c, "1970-01-01T00:00:00")
	for _, port := range everyPort() {
		m.AwaitPort(port, 60*time.Second)
	}
	t.Log(m.Up())
	m.Eventually("mail in", 20*time.Second, send(m, "first", []byte("¿Qué tal?")))
	m.Eventually("mail out", 20*time.Second, has(m, "first"))
	w := m.Written()
	for range 20 {
		time.Sleep(20 * time.Second)
		t.Log(m.Up(), m.Written()-w)
		w = m.Written()
	}
	t.Log(m.Log())
	m.PowerButton()
	m.Ended(60 * time.Second)
	c.check()
}
