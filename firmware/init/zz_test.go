package main
import ("testing";"time";"strings")
func TestIdle(t *testing.T) {
	p := build(t)
	c := newCard(t, cardOptions{size: 8<<30, data: p.owned(t)})
	m := p.start(t, c)
	for _, port := range everyPort() { m.AwaitPort(port, 60*time.Second) }
	t.Log(m.Up())
	m.Eventually("mail in", 20*time.Second, send(m, "first", letter))
	m.Eventually("mail out", 20*time.Second, has(m, "first"))
	w := m.Written()
	for range 14 {
		time.Sleep(10 * time.Second)
		l := m.Log(); l = l[strings.LastIndex(l, "msg=measured"):]; l, _, _ = strings.Cut(l, "\n")
		t.Log(m.Up(), m.Written()-w, l)
		w = m.Written()
	}
	t.Log(m.Log())
}
