package update

import "time"

// What a Request may ask for.
const (
	DoStatus   = "status"   // one Answer with a Status
	DoUpdate   = "update"   // the octets of an update file follow the line; Answers with Progress, the last one has Done
	DoConfirm  = "confirm"  // the running slot is good: Done
	DoReboot   = "reboot"   // Done, then it happens
	DoPowerOff = "poweroff" // Done, then it happens
)

// Request is the one line of JSON that a connection to the control socket begins with.
type Request struct {
	Do    string `json:"do"`
	Force bool   `json:"force,omitempty"` // with update: also what is not newer
}

// Answer is a line of JSON. The last one of a connection has Done or Error.
type Answer struct {
	Status   *Status   `json:"status,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Done     bool      `json:"done,omitempty"`
	Error    string    `json:"error,omitempty"`  // a word of Code
	Detail   string    `json:"detail,omitempty"` // in English, for whoever looks closer
}

// Steps of an update.
const (
	StepWriting    = "writing"    // Octets of Total are on the disk
	StepChecking   = "checking"   // read back, Octets of Total
	StepRestarting = "restarting" // verified and ready: it is tried now
)

// Progress tells how far an update is.
type Progress struct {
	Step    string `json:"step"`
	Version string `json:"version"` // that is being put in
	Octets  int64  `json:"octets"`
	Total   int64  `json:"total"`
}

// Status is what the first process knows of the machine.
type Status struct {
	Version string    `json:"version"` // that runs
	Board   string    `json:"board"`
	Slot    string    `json:"slot"`            // that runs: "a" or "b"
	Trial   bool      `json:"trial"`           // it is not confirmed yet
	Other   string    `json:"other,omitempty"` // version in the other slot, "" if nothing that boots
	Last    *Outcome  `json:"last,omitempty"`  // of the last update, nil if there was none
	Up      int64     `json:"up"`              // seconds since the machine started
	Network []Link    `json:"network"`         // without the loopback
	Memory  Memory    `json:"memory"`
	Crash   time.Time `json:"crash,omitzero"` // when Buzon last ended unasked
}

// What became of an update.
const (
	OutcomeWritten   = "written"   // and not tried yet: the machine is about to restart
	OutcomeTrial     = "trial"     // runs, not confirmed
	OutcomeConfirmed = "confirmed" // stays
	OutcomeBack      = "back"      // did not work; what was before runs again
)

// Outcome is what became of the last update.
type Outcome struct {
	Version string    `json:"version"` // that was put in
	From    string    `json:"from"`    // that ran before
	Result  string    `json:"result"`
	Reason  string    `json:"reason,omitempty"` // of going back, in English: what did not answer, "" where the machine just did not come up
	At      time.Time `json:"at"`
}

// Link is a network interface.
type Link struct {
	Name      string   `json:"name"`
	Up        bool     `json:"up"`
	Addresses []string `json:"addresses"`
}

// Memory is of the whole machine, in octets.
type Memory struct {
	Total     int64 `json:"total"`
	Available int64 `json:"available"`
}
