package peertest

import "testing"

// What a server holds it sends once it is told.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, program := range []Program{Postfix(), Exim()} {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			end := Start(t, Postfix(), Options{Domain: "elsewhere.test", Users: []string{"bob"}})
			p := Start(t, program, Options{Domain: "example.test", Hold: true, Routes: map[string]string{"*": end.MX}})
			if err := send(t, dial(t, p.MX, false, nil), "bob@elsewhere.test"); err != nil {
				t.Fatal(err)
			}
			p.Release()
			end.Await(t, "bob", 1)
		})
	}
}
