//go:build !passkeys

package page

// Passkeys cost 2.6 MB of program, so they are in programs built with -tags passkeys alone.
type keys struct{}

func (*keys) routes(*Page, *routes) {}

// offersPasskeys tells whether the page has them here.
func (r *request) offersPasskeys() bool { return false }
