package listen

import "testing"

func TestPrivate(t *testing.T) {
	all, err := Private()
	if err != nil {
		t.Fatal(err)
	}
	six := false
	for _, a := range all {
		if a.IsLoopback() || a.IsGlobalUnicast() && !a.IsPrivate() || a.Is6() && a.IsLinkLocalUnicast() {
			t.Errorf("%v is not for a browser at home", a)
		}
		if a.Is4() && a.IsPrivate() && six {
			t.Errorf("IPv6 comes before IPv4: %v", all)
		}
		six = six || a.Is6()
	}
}
