package image_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
	"buzon/firmware/image"
	"buzon/internal/update"
)

// builtFolder is the environment's variable that says where TestMain keeps programs.
const builtFolder = "BUZON_TEST_BUILT"

// TestMain has a folder for programs, so that those that several tests want are built once.
func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "image-test")
	if err == nil {
		err = os.Setenv(builtFolder, folder)
	}
	if err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	os.RemoveAll(folder) // what stays is only in the way
	os.Exit(code)
}

// program builds one for a board; path is from this folder. Tests that run beside each other do not use it.
func program(t *testing.T, board image.Board, path, flags string) string {
	t.Helper()
	out := filepath.Join(os.Getenv(builtFolder), url.PathEscape(board.Arch+" "+path+" "+flags))
	if _, err := os.Stat(out); err == nil {
		return out
	}
	cmd := exec.Command("go", "build", "-C", path, "-trimpath", "-ldflags", "-s -w -buildid= "+flags, "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+board.Arch)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", path, err, b)
	}
	return out
}

// real puts the first process and Buzon itself into a system.
func real(t *testing.T, o image.Options) image.Options {
	t.Helper()
	o.Init = program(t, o.Board, "../init", "")
	o.Buzon = program(t, o.Board, "../..", "-X buzon/internal/admin.release="+o.Version)
	return o
}

// module is the folder of one that firmware/go.mod names.
func module(t *testing.T, path string) string {
	t.Helper()
	if b, err := exec.Command("go", "mod", "download", path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	b, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// system is a real one but for the program in Buzon's place, for which paths are given.
func system(t *testing.T, name, version, first, buzon string) image.Options {
	t.Helper()
	board, err := image.FindBoard(name)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := keys(t)
	o := image.Options{Board: board, Version: version, Data: 1, Key: key, Init: first, Buzon: buzon, Kernel: module(t, board.Kernel()),
		Append: "buzon.patience=15 buzon.log=console"}
	if board.IsPi() {
		o.Pi = module(t, image.PiModule)
		return o
	}
	if o.Loader, _, err = image.Loader(t.Context(), board); err != nil {
		boottest.Miss(t, err.Error())
	}
	return o
}

// box is a machine with our image.
type box struct {
	t *testing.T
	*boottest.Running
}

func start(t *testing.T, disk string, by boottest.Firmware) box {
	t.Helper()
	return box{t, boottest.Start(t, boottest.Machine{Board: boottest.Virt, Firmware: by, Disk: disk, Ports: []int{80}})}
}

// request is one to the program in Buzon's place.
func (b box) request(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://"+b.Address(80)+path, body)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultTransport.RoundTrip(q)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		err = fmt.Errorf("%s %s: %s", method, path, answer.Status)
	}
	return answer, err
}

// status waits until the box has one that is as it should be: "version slot trial other last reason".
func (b box) status(want string) {
	b.t.Helper()
	var got string
	b.Eventually("status "+want, 90*time.Second, func(ctx context.Context) error {
		answer, err := b.request(ctx, "GET", "/status", nil)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var s update.Status
		if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
			return err
		}
		last := "-"
		if s.Last != nil {
			last = s.Last.Version + " " + s.Last.Result
			if s.Last.Reason != "" {
				last += ": " + s.Last.Reason
			}
		}
		if got = fmt.Sprintf("%s %s %v %q %s", s.Version, s.Slot, s.Trial, s.Other, last); !strings.HasPrefix(got, want) {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
}

// update sends one, until stop says that the power goes. It gives the last line of the answer.
func (b box) update(file []byte, stop func(line string) bool) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 3*time.Minute)
	defer cancel()
	answer, err := b.request(ctx, "POST", "/update", strings.NewReader(string(file)))
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	var last string
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if last = lines.Text(); stop(last) {
			return last
		}
	}
	return last
}

// whole sends an update that is taken, and waits until the box goes down for it.
func (b box) whole(file []byte) {
	b.t.Helper()
	begin := time.Now()
	// The box goes down when all is in its place, and with it whoever tells; the next status tells whether it is.
	switch last, _, _ := strings.Cut(b.update(file, func(string) bool { return false }), " "); last {
	case "done", update.StepRestarting, update.StepChecking:
	default:
		b.t.Fatal(last)
	}
	b.t.Logf("update taken in %v", time.Since(begin).Round(time.Second))
	b.Ended(60 * time.Second)
}
