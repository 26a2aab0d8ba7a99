package page

import "unicode/utf8"

// minPassword is in characters. What counts beyond that is length, which the hint beside the field tells.
const minPassword = 8

// newPassword is a password of a form that was typed twice, fields password and again.
func (r *request) newPassword() (string, error) {
	password := r.PostFormValue("password")
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return "", fail("page_error_short_password", "least", minPassword)
	case password != r.PostFormValue("again"):
		return "", fail("page_error_two_passwords")
	}
	return password, nil
}
