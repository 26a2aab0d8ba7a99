package page

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"buzon/internal/claim"
)

// codeData is the form of the claim code.
type codeData struct {
	setup
	Problem string
}

// showSetup leads to where the set-up is: before there is an owner, to the claim code.
func (p *Page) showSetup(r *request) (reply, error) {
	switch {
	case r.session != nil && !r.session.setup:
		return p.goOn(r)
	case p.Claimed():
		r.endSession() // somebody else was quicker with the form
		return r.redirect("/login"), nil
	case r.session != nil:
		return r.redirect("/setup/you"), nil
	}
	return p.codeForm(r, http.StatusOK, "")
}

// goOn leads to the furthest step, and once all are done to the box itself.
func (p *Page) goOn(r *request) (reply, error) {
	came, err := p.cameTo(r.Context())
	if err != nil {
		return nil, err
	}
	if step := steps()[came]; r.account.Admin && step != stepDone {
		return r.redirect(stepPath(step)), nil
	}
	return r.redirect("/"), nil
}

func (p *Page) codeForm(r *request, status int, problem string) (reply, error) {
	s, err := r.setupAt(stepClaim)
	if err != nil {
		return nil, err
	}
	return r.renderStatus(status, "setup_claim", codeData{setup: s, Problem: problem})
}

// tryCode looks at a claim code. Whoever has it may make the first account.
func (p *Page) tryCode(r *request) (reply, error) {
	if r.session != nil || p.Claimed() || p.Claim == nil {
		return p.showSetup(r)
	}
	err := p.Claim.Try(r.from, r.field("code"))
	var slow *claim.SlowError
	switch {
	case errors.As(err, &slow):
		seconds := max(1, int(math.Ceil(slow.Wait.Seconds())))
		r.writer.Header().Set("Retry-After", strconv.Itoa(seconds))
		return p.codeForm(r, http.StatusTooManyRequests, r.say("page_setup_code_slow", "seconds", seconds))
	case errors.Is(err, claim.ErrWrong):
		return p.codeForm(r, http.StatusForbidden, r.say("page_setup_code_wrong"))
	case err != nil:
		return nil, err
	}
	r.begin(0, [32]byte{}, true)
	r.audit("claim")
	return r.redirect("/setup/you"), nil
}
