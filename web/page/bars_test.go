package page

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/store"
)

// maxMemory is the owner's bar for what the page costs.
const maxMemory = 2 << 20 // octets

// Every page in both languages, with what it keeps for the next time, stays below the bar.
func TestMemory(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin := b.as("ana")
	before := heap()
	for i := range 3 {
		for _, lang := range []string{"en", "es"} {
			admin.lang = lang
			for j, path := range append(adminPages(), ownPages()...) {
				admin.from = fmt.Sprintf("192.168.%d.%d:5000", i+1, j+1)
				if w := admin.get(path); w.Code != 200 {
					t.Fatalf("%s: %d", path, w.Code)
				}
			}
		}
	}
	if cost := heap() - before; cost > maxMemory {
		t.Errorf("the page costs %d KB", cost>>10)
	} else {
		t.Logf("the page costs %d KB", cost>>10)
	}
	runtime.KeepAlive(b)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// bigBox has an account with so many messages.
func bigBox(b testing.TB, messages int) *bench {
	b.Helper()
	box := newBox(b)
	inbox, err := box.store.Mailbox(context.Background(), box.account(ana).ID, "INBOX")
	if err != nil {
		b.Fatal(err)
	}
	const slice = 2000
	for from := 0; from < messages; from += slice {
		var drafts []store.Draft
		for i := range slice {
			mail := fmt.Sprintf("From: kim@far.test\r\nSubject: number %d\r\nMessage-ID: <%d@far.test>\r\n\r\nhello %d\r\n", from+i, from+i, from+i)
			drafts = append(drafts, store.Draft{Body: io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail)))})
		}
		if _, err := box.store.Append(context.Background(), inbox.ID, drafts); err != nil {
			b.Fatal(err)
		}
	}
	box.fill()
	return box
}

// bigMessages is a home's mail of many years.
const bigMessages = 100_000

// maxFirstPaint is the owner's bar for the server's time.
const maxFirstPaint = 50 * time.Millisecond

// BenchmarkStatus is the server's time for the first paint of the status page, with no template ready, and for those after.
func BenchmarkStatus(b *testing.B) {
	box := bigBox(b, bigMessages)
	admin := box.as("ana")
	begin := time.Now()
	if w := admin.get("/status"); w.Code != 200 {
		b.Fatal(w.Code)
	}
	first := time.Since(begin)
	for i := 0; b.Loop(); i++ {
		admin.from = fmt.Sprintf("192.168.%d.%d:5000", i/250%250, i%250+1)
		if w := admin.get("/status"); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
	b.ReportMetric(float64(first.Microseconds())/1000, "first-ms")
	if first > maxFirstPaint {
		b.Errorf("the first paint took %v, the bar is %v", first, maxFirstPaint)
	}
}

// What nobody looks at is given back, and is there again for who looks.
func TestViewsForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := new(views)
		words := v.catalogue("en")
		for i := range maxSets + 2 {
			if _, err := v.set(words, []string{"status", "queue", "me", "log", "flow", "people", "doctor"}[i]); err != nil {
				t.Fatal(err)
			}
		}
		ready := func() int { // under the lock: a timer forgets them
			v.mu.Lock()
			defer v.mu.Unlock()
			return len(v.sets) + len(v.order) + len(v.words)
		}
		if n := ready(); n != 2*maxSets+1 {
			t.Errorf("%d of sets, their order and languages", n)
		}
		time.Sleep(keptTime - time.Second)
		v.catalogue("en")
		time.Sleep(keptTime - time.Second)
		if ready() == 0 {
			t.Error("forgotten while somebody looks")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := ready(); n != 0 {
			t.Errorf("%d are not given back", n)
		}
		if _, err := v.set(v.catalogue("es"), "status"); err != nil {
			t.Error(err)
		}
		v.forget()
	})
}
