package admin

import (
	"context"

	"buzon/internal/store"
	"buzon/internal/wear"
)

// diskItem is the figures behind the sentences about the disk, in octets.
type diskItem struct {
	Used    int64 `json:"used"`            // of the file system, by all
	Free    int64 `json:"free"`            // of it, for us
	File    int64 `json:"file"`            // the mail file with its log
	Growth  int64 `json:"growth_a_day"`    // of the file; 0 is none, or not known yet
	Written int64 `json:"written_a_day"`   // by this program
	Device  int64 `json:"device_a_day"`    // by all programs; 0 is unknown
	Days    int   `json:"days"`            // of which written_a_day is the mean; 0: not known yet
	Life    int   `json:"device_life_pct"` // spent, as an eMMC says itself; 0 is unknown
}

// statusDisk is the lines about the disk.
func statusDisk(ctx context.Context, d *Desk, st *store.Store) ([]statusItem, error) {
	r, err := wear.Read(ctx, st, d.path, d.now())
	if err != nil {
		return nil, err
	}
	figures := &diskItem{r.Used, r.Free, r.File, r.Growth, r.Written, r.Device, r.Days, r.Life}
	return []statusItem{
		{d.Say("status_disk"), statusSpace(d, r), figures},
		{Topic: d.Say("status_wear"), State: statusWear(d, r)},
	}, nil
}

func statusSpace(d *Desk, r wear.Report) string {
	space := d.Say("status_disk_space", "used", humanSize(r.Used), "free", humanSize(r.Free), "file", humanSize(r.File))
	switch {
	case r.Growth == 0:
		return space
	case r.Full() == 0:
		return space + " " + d.Say("status_disk_grows", "growth", humanSize(r.Growth))
	}
	return space + " " + d.Say("status_disk_growth", "growth", humanSize(r.Growth), "days", r.Full())
}

func statusWear(d *Desk, r wear.Report) string {
	said := d.Say("status_wear_unknown")
	switch {
	case r.Days > 0 && r.Device > 0:
		said = d.Say("status_wear_both", "written", humanSize(r.Written), "device", humanSize(r.Device), "days", r.Days)
	case r.Days > 0:
		said = d.Say("status_wear_own", "written", humanSize(r.Written), "days", r.Days)
	}
	if r.Life > 0 {
		said += " " + d.Say("status_wear_life", "life", r.Life)
	}
	return said
}
