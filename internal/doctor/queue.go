package doctor

import (
	"context"
	"errors"
	"time"

	"buzon/internal/finding"
	"buzon/internal/store"
)

// errEnough ends a walk through the queue.
var errEnough = errors.New("enough")

// checkQueue looks how long the oldest message waits. Half of the time until it is given up somebody should look.
func checkQueue(ctx context.Context, e *exam, _ string) (Finding, error) {
	oldest, found, err := e.oldest(ctx)
	if err != nil {
		return Finding{}, err
	}
	if !found {
		return finding.Passed(finding.Say("doctor_queue_empty")), nil
	}
	settings := e.Store.Settings()
	waits := e.Now().Sub(oldest.Queued)
	pairs := []string{"to", oldest.Jobs[0].To.String(), "time", oldest.Queued.UTC().Format("2006-01-02 15:04"), "reply", lastWords(oldest.Jobs[0])}
	switch {
	case waits > settings.GiveUpAfter/2:
		return finding.Failed(finding.Say("doctor_queue_old", pairs...), finding.Say("doctor_cure_queue")), nil
	case waits > settings.WarnAfter:
		return finding.Warned(finding.Say("doctor_queue_old", pairs...), finding.Say("doctor_cure_queue")), nil
	}
	return finding.Passed(finding.Say("doctor_queue_young")), nil
}

// oldest is the first message of the queue with its first job that is not held: those wait for a person.
func (e *exam) oldest(ctx context.Context) (q store.Queued, found bool, err error) {
	err = e.Store.Queue(ctx, func(next store.Queued) error {
		for _, j := range next.Jobs {
			if !j.Held {
				next.Jobs = []store.Job{j}
				q, found = next, true
				return errEnough
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return q, found, err
}

func lastWords(j store.Job) string {
	if j.Reply.Code == 0 {
		return "-"
	}
	return j.Reply.Error()
}

// backupAge is when a backup is old: who makes one a week is well.
const backupAge = 8 * 24 * time.Hour

// checkBackup looks when the last one was made. The file alone, on a card, is a year's mail in one place.
func checkBackup(ctx context.Context, e *exam, _ string) (Finding, error) {
	_, at, found, err := e.Store.Noted(ctx, NoteBackup)
	switch {
	case err != nil:
		return Finding{}, err
	case !found:
		return finding.Warned(finding.Say("doctor_backup_none"), finding.Say("doctor_cure_backup")), nil
	}
	day := finding.Say("doctor_backup_made", "day", at.UTC().Format("2006-01-02"))
	if e.Now().Sub(at) > backupAge {
		return finding.Warned(day, finding.Say("doctor_cure_backup")), nil
	}
	return finding.Passed(day), nil
}
