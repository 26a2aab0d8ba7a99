package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Builder builds a tree of Buzon, each target once.
type Builder struct {
	Root    string // Buzon's folder, with its go.mod
	Out     string // a folder for the programs
	Version string // what `buzon version` tells

	mu   sync.Mutex
	made map[string]string
}

// release is the variable that has the version of a package.
const release = "buzon/internal/admin.release"

// Program is the path of the program for a target.
func (b *Builder) Program(ctx context.Context, t Target) (string, error) {
	b.mu.Lock() // one at a time: the go command uses all processors
	defer b.mu.Unlock()
	if path, ok := b.made[t.Name]; ok {
		return path, nil
	}
	path := filepath.Join(b.Out, "buzon-"+t.Name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath",
		"-ldflags", "-s -w -buildid= -X "+release+"="+b.Version, "-o", path, ".")
	cmd.Dir = b.Root
	// GOFLAGS or a workspace of whoever builds would change the octets.
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "GOAMD64=v1", "GO386=sse2", "GOARM64=v8.0"), t.Env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build for %s: %w\n%s", t.Name, err, out)
	}
	if b.made == nil {
		b.made = map[string]string{}
	}
	b.made[t.Name] = path
	return path, nil
}

// Origin is when and from what a tree is, by git: its last commit. changed tells of files that are not committed.
type Origin struct {
	When    time.Time
	Commit  string // the first 12 digits
	Changed bool
}

// OriginOf asks git, or SOURCE_DATE_EPOCH where there is no git (reproducible-builds.org): the time that goes into packages is never
// that of the clock.
func OriginOf(ctx context.Context, root string) (Origin, error) {
	var o Origin
	out, err := git(ctx, root, "log", "-1", "--format=%ct %H")
	if stamp, hash, ok := strings.Cut(strings.TrimSpace(out), " "); err == nil && ok && len(hash) >= 12 {
		o.Commit = hash[:12]
		if o.When, err = unix(stamp); err != nil {
			return o, err
		}
		status, err := git(ctx, root, "status", "--porcelain")
		if err != nil {
			return o, err
		}
		o.Changed = status != ""
	}
	if stamp := os.Getenv("SOURCE_DATE_EPOCH"); stamp != "" {
		o.When, err = unix(stamp)
		return o, err
	}
	if o.When.IsZero() {
		return o, errors.New("when is this tree from? Without git, set SOURCE_DATE_EPOCH to a number of seconds since 1970")
	}
	return o, nil
}

// Version is that of a tree that nobody has given one: it sorts by time, and before every release.
func (o Origin) Version() string {
	v := "0~" + o.When.Format("20060102150405")
	if o.Commit != "" {
		v += "." + o.Commit
	}
	if o.Changed {
		v += ".changed"
	}
	return v
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	return string(out), err
}

func unix(seconds string) (time.Time, error) {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("not a number of seconds since 1970: %w", err)
	}
	return time.Unix(n, 0).UTC(), nil
}
