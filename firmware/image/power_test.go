package image_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net/textproto"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/firmware/boottest"
	"buzon/firmware/boxtest"
	"buzon/firmware/nbdtest"
)

const (
	powerCuts = 10
	senders   = 3 // at a time
)

// TestPowerCuts cuts the power of a box during deliveries, ten times, on a disk that forgets what was not flushed. Every
// mail that was acknowledged is there in the end, whole.
func TestPowerCuts(t *testing.T) {
	boottest.Need(t, boottest.Machine{Board: boottest.Virt, Kernel: "any"})
	o := real(t, system(t, "arm64-efi", "1.0", "", ""))
	o.Restore = claimed(t)
	o.Size = 1 << 30 // the first start, and the first cut, grow the data partition
	card := build(t, o)
	disk := nbdtest.Serve(t, card, 11)
	m := boottest.Machine{Board: boottest.Virt, Disk: disk.URL(), Ports: []int{25, 995}, Append: "rdinit=/init panic=-1 quiet",
		Kernel: filepath.Join(o.Kernel, "vmlinuz"), Initrd: filepath.Join(t.TempDir(), "initrd.gz")}
	tool(t, "mcopy", "-i", card+"@@65M", "::/initrd.gz", m.Initrd)
	var acknowledged []string
	chance := rand.New(rand.NewPCG(3, 3))
	for n := range powerCuts {
		b := boottest.Start(t, m)
		b.AwaitPort(25, 60*time.Second)
		d := deliver(t.Context(), b.Address(25), n)
		d.await(t, 5+chance.IntN(20), time.Minute)
		disk.Await(1+chance.IntN(60), 2*time.Second) // in the middle of something, if it comes to that
		b.Kill()
		lost := disk.Cut()
		names := d.end()
		t.Logf("cut %d after %v: %d mails acknowledged, %d sectors lost", n, b.Up().Round(time.Second), len(names), lost)
		acknowledged = append(acknowledged, names...)
	}
	b := boottest.Start(t, m)
	b.AwaitPort(995, 60*time.Second)
	found := mailbox(t, b.Address(995))
	for _, name := range acknowledged {
		if !found[name] {
			t.Errorf("%s was acknowledged and is not there", name)
		}
	}
	t.Logf("%d acknowledged, %d found", len(acknowledged), len(found))
	b.PowerButton()
	b.Ended(60 * time.Second)
	if err := disk.Flush(); err != nil {
		t.Fatal(err)
	}
	tool(t, "e2fsck", "-fn", cut(t, card, 4))
}

// claimed is the file of a Buzon with an account, made by the program itself.
func claimed(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	buzon, file := filepath.Join(folder, "buzon"), filepath.Join(folder, "home.db")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", buzon, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"domain", "add", "example.org"}, {"account", "add", boxtest.Owner}} {
		cmd := exec.Command(buzon, append(args, "--data", file)...)
		cmd.Stdin = strings.NewReader(boxtest.Password + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	copied := filepath.Join(folder, "copy.db")
	if out, err := exec.Command(buzon, "backup", copied, "--data", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return copied
}

// delivery is a storm of mails, until the machine is dead.
type delivery struct {
	wg    sync.WaitGroup
	mu    sync.Mutex
	names []string // of mails whose DATA was answered with 250
}

func deliver(ctx context.Context, to string, round int) *delivery {
	d := new(delivery)
	for s := range senders {
		d.wg.Go(func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("mail-%d-%d-%d", round, s, n)
				if boxtest.Send(to, name, letter(name, 1000+(n*7919)%40_000))(ctx) != nil {
					return
				}
				d.mu.Lock()
				d.names = append(d.names, name)
				d.mu.Unlock()
			}
		})
	}
	return d
}

func (d *delivery) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.names)
}

// await waits for so many mails; more are on their way then.
func (d *delivery) await(t *testing.T, mails int, within time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(within); d.count() < mails; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d mails within %v", d.count(), within)
		}
	}
}

func (d *delivery) end() []string {
	d.wg.Wait()
	return d.names
}

// mailEnd is the last line of each mail: one that is there is whole.
const mailEnd = "the end of "

// letter has a size of about so many octets.
func letter(name string, size int) string {
	return strings.Repeat("A line of a mail.\r\n", size/19) + mailEnd + name
}

// mailbox is the names of all mails there, each of which has to be whole.
func mailbox(t *testing.T, at string) map[string]bool {
	t.Helper()
	conn, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true}) // the box has signed for itself
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := textproto.NewConn(conn)
	say := func(command string) string {
		if command != "" {
			if err := c.PrintfLine("%s", command); err != nil {
				t.Fatal(err)
			}
		}
		line, err := c.ReadLine()
		if err != nil || !strings.HasPrefix(line, "+OK") {
			t.Fatalf("%s: %s, %v", command, line, err)
		}
		return line
	}
	say("")
	say("USER " + boxtest.Owner)
	say("PASS " + boxtest.Password)
	var count, octets int
	if _, err := fmt.Sscanf(say("STAT"), "+OK %d %d", &count, &octets); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for n := 1; n <= count; n++ {
		say(fmt.Sprint("RETR ", n))
		lines, err := c.ReadDotLines()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if name, ok := strings.CutPrefix(line, "Subject: "); ok && lines[len(lines)-1] == mailEnd+name {
				found[name] = true
			}
		}
	}
	return found
}
