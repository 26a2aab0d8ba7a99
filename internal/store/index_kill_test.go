package store

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"
	"time"
)

// killedFile tells the test below that it is the process to be killed.
const killedFile = "BUZON_TEST_INDEX_FILE"

// kill -9 while the index is made, dropped and tidied leaves a whole file, and an index that leaves nothing out.
func TestIndexKilled(t *testing.T) {
	if path := os.Getenv(killedFile); path != "" {
		indexForEver(t, path)
		return
	}
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "mail.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	acc, box := person(t, s, "ana", 0)
	const mails = 200
	for i := range mails {
		deliverMails(t, s, acc, fmt.Sprintf("Subject: head%03d\r\n\r\nbody%03d of a message\r\n", i, i))
	}
	check(t, s.Close())
	for round := range 8 {
		killIndexer(t, path, time.Duration(150+37*round)*time.Millisecond)
		s, err := Open(t.Context(), path, Options{})
		check(t, err)
		if n := count(t, s, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"); n != 0 {
			t.Errorf("round %d: the file is damaged", round)
		}
		for i := range mails {
			list, indexed, err := s.Candidates(t.Context(), box, uidsOf(mails), needles(fmt.Sprintf("head%03d", i), fmt.Sprintf("body%03d", i)))
			check(t, err)
			if uid := uint32(i + 1); indexed.Has(uid) && !(list[0].Header.Has(uid) && list[1].Body.Has(uid)) {
				t.Fatalf("round %d: message %d is left out", round, uid)
			}
		}
		check(t, s.Close())
	}
}

func killIndexer(t *testing.T, path string, after time.Duration) {
	t.Helper()
	cmd := osexec.Command(os.Args[0], "-test.run=^TestIndexKilled$")
	cmd.Env = append(os.Environ(), killedFile+"="+path)
	check(t, cmd.Start())
	time.Sleep(after)
	check(t, cmd.Process.Kill())
	cmd.Wait() // it was killed: that is no error here
}

func indexForEver(t *testing.T, path string) {
	s, err := Open(context.Background(), path, Options{})
	check(t, err)
	for {
		check(t, s.updateIndex(context.Background(), 1, false))
		check(t, s.tidyIndex(context.Background()))
		check(t, s.DropIndex(context.Background()))
	}
}
