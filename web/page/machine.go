package page

import (
	"net/http"

	"buzon/internal/update"
)

// askRestart asks before the machine goes down.
func (p *Page) askRestart(r *request) (reply, error) {
	if p.Place.Kind != update.Image {
		return r.redirect("/update"), nil
	}
	q := question{Sentence: r.say("page_restart_sure"), Button: r.say("page_restart"), Action: "/update/restart", Back: "/update"}
	if r.FormValue("off") != "" {
		q.Sentence, q.Button = r.say("page_off_sure"), r.say("page_off")
		q.Fields = [][2]string{{"off", "yes"}}
	}
	return r.ask(q)
}

func (p *Page) restart(r *request) (reply, error) {
	if p.Place.Kind != update.Image {
		return r.redirect("/update"), nil
	}
	do, said := update.DoReboot, "page_restarting"
	if r.field("off") != "" {
		do, said = update.DoPowerOff, "page_going_off"
	}
	r.audit(do)
	if err := p.Place.Client.Do(r.Context(), do); err != nil {
		return nil, err
	}
	return r.status(http.StatusOK, said), nil
}
