package junk

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"buzon/internal/corpustest"
)

// fileHalves are the files of both halves of the corpus, good mail and junk apart.
type fileHalves struct{ trainHam, trainSpam, testHam, testSpam []string }

func writeAll(b *testing.B, train, test []corpustest.Mail) (h fileHalves) {
	folder := b.TempDir()
	for i, half := range [][]corpustest.Mail{train, test} {
		for j, m := range half {
			name := filepath.Join(folder, strconv.Itoa(i)+"-"+strconv.Itoa(j))
			if err := os.WriteFile(name, m.Body, 0o644); err != nil {
				b.Fatal(err)
			}
			list := [][]*[]string{{&h.trainHam, &h.trainSpam}, {&h.testHam, &h.testSpam}}[i][count(m.Spam)]
			*list = append(*list, name)
		}
	}
	return h
}

// filter is one of Debian, with the settings it comes with.
type filter struct {
	program string
	learn   func(b *testing.B, db string, files fileHalves)
	judge   func(b *testing.B, db string, files fileHalves) result
}

func (f filter) find(b *testing.B) {
	if _, err := exec.LookPath(f.program); err != nil && os.Getenv("CI") == "" {
		b.Skipf("%s is not installed", f.program)
	} else if err != nil {
		b.Fatal(err)
	}
}

func output(b *testing.B, stdin []string, args ...string) []byte {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(strings.Join(stdin, "\n") + "\n")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if _, status := err.(*exec.ExitError); err != nil && (!status || len(out) == 0) { // the status is a verdict too
		b.Fatalf("%s: %v\n%s", args[0], err, problems.Bytes())
	}
	return out
}

// verdicts counts lines that say junk.
func verdicts(r *result, spam bool, out []byte, isJunk func(line string) bool) {
	for line := range strings.Lines(string(out)) {
		r.add(spam, isJunk(line))
	}
}

var bogofilter = filter{
	program: "bogofilter",
	learn: func(b *testing.B, db string, files fileHalves) {
		output(b, files.trainSpam, "bogofilter", "-d", db, "-s", "-b", "-T")
		output(b, files.trainHam, "bogofilter", "-d", db, "-n", "-b", "-T")
	},
	judge: func(b *testing.B, db string, files fileHalves) (r result) {
		isJunk := func(line string) bool { return strings.Contains(line, " S ") }
		verdicts(&r, false, output(b, files.testHam, "bogofilter", "-d", db, "-T", "-b"), isJunk)
		verdicts(&r, true, output(b, files.testSpam, "bogofilter", "-d", db, "-T", "-b"), isJunk)
		return r
	},
}

var spamprobe = filter{
	program: "spamprobe",
	learn: func(b *testing.B, db string, files fileHalves) {
		output(b, nil, "spamprobe", "-d", db, "create-db")
		output(b, nil, append([]string{"spamprobe", "-d", db, "spam"}, files.trainSpam...)...)
		output(b, nil, append([]string{"spamprobe", "-d", db, "good"}, files.trainHam...)...)
	},
	judge: func(b *testing.B, db string, files fileHalves) (r result) {
		isJunk := func(line string) bool { return strings.HasPrefix(line, "SPAM") }
		verdicts(&r, false, output(b, nil, append([]string{"spamprobe", "-d", db, "score"}, files.testHam...)...), isJunk)
		verdicts(&r, true, output(b, nil, append([]string{"spamprobe", "-d", db, "score"}, files.testSpam...)...), isJunk)
		return r
	},
}
