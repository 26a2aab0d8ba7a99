package page

import (
	"time"

	"buzon/internal/doctor"
	"buzon/internal/keyring"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/zone"
)

// recordsView is what has to stand in DNS for a domain, and what does.
type recordsView struct {
	Domain  string
	Records []recordView
	Keys    []keyView
	Next    bool // the next pair of keys waits
}

// recordView is one record with its state.
type recordView struct {
	zone.Record
	ID           string // of the element to copy from
	For          string
	State, Class string // in words; "" where nobody looked
	Found        []string
}

type keyView struct {
	keyring.Key
	Said string
}

func (p *Page) showRecords(r *request) (reply, error) {
	v, err := p.records(r)
	if err != nil {
		return nil, err
	}
	return r.render("records", v)
}

// records is all without a look at DNS, which may take long.
func (p *Page) records(r *request) (v recordsView, err error) {
	if v.Domain, err = r.ourDomain(); err != nil {
		return v, err
	}
	facts, err := records.Facts(r.Context(), p.Store, p.Keys, v.Domain, records.PublicAddresses())
	if err != nil {
		return v, err
	}
	list, err := zone.Records(facts)
	if err != nil {
		return v, err
	}
	for i, record := range list {
		v.Records = append(v.Records, r.recordView(i, doctor.RecordState{Record: record}))
	}
	keys, err := p.Keys.Keys(r.Context(), v.Domain, "")
	states := map[string]string{store.KeyNext: "dkim_next", store.KeyActive: "dkim_active", store.KeyRetired: "dkim_retired"}
	for _, k := range keys {
		v.Keys = append(v.Keys, keyView{k, r.say(states[k.State])})
		v.Next = v.Next || k.State == store.KeyNext
	}
	return v, err
}

func (r *request) recordView(i int, s doctor.RecordState) recordView {
	v := recordView{Record: s.Record, ID: "record-" + itoa(int64(i)), For: r.say(string(s.Record.Purpose)), Found: s.Found}
	switch s.State {
	case doctor.There:
		v.State, v.Class = r.say("page_record_there"), "good"
	case doctor.Missing:
		v.State, v.Class = r.say("page_record_missing"), "bad"
	case doctor.Different:
		v.State, v.Class = r.say("page_record_different"), "bad"
	case doctor.NotSeen:
		v.State, v.Class = r.say("page_record_unknown"), "soft"
	}
	return v
}

// lookAgain is how often a page that is open looks at DNS.
const lookAgain = 20 * time.Second

// liveRecords asks DNS for each record, and again while the page is open.
func (p *Page) liveRecords(r *request, show send) error {
	v, err := p.records(r)
	if err != nil || p.Doctor == nil {
		return err
	}
	for {
		states, err := p.Doctor.Domain(r.Context(), v.Domain, nil)
		if err != nil {
			return err
		}
		v.Records = v.Records[:0]
		for i, s := range states {
			v.Records = append(v.Records, r.recordView(i, s))
		}
		if err := show("records", "now", v); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-time.After(lookAgain):
		}
	}
}
