package junk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

// longMail is a message of 50 KB with many different words, half of it plain text and half HTML.
func longMail() []byte {
	rng := rand.New(rand.NewPCG(7, 7))
	word := func() string {
		b := make([]byte, 3+rng.IntN(7))
		for i := range b {
			b[i] = "etaoinshrdlucmfw"[rng.IntN(16)]
		}
		return string(b)
	}
	vocabulary := make([]string, 2000)
	for i := range vocabulary {
		vocabulary[i] = word()
	}
	text := func(size int, between string) string {
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(vocabulary[int(2000*rng.Float64()*rng.Float64())] + between)
		}
		return b.String()
	}
	return fmt.Appendf(nil, "From: Ana <ana@example.test>\r\nTo: bob@example.test\r\nSubject: a long letter\r\nReceived: from a.example.test (192.0.2.1)\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"+
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>%s</body></html>\r\n--b--\r\n",
		text(25_000, " "), text(25_000, ` <b style="color: #ff0000">&amp;</b> `))
}

func BenchmarkRead(b *testing.B) {
	body := longMail()
	r := bytes.NewReader(body)
	s, err := message.Parse(r, r.Size())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	n := 0
	for b.Loop() {
		f, err := Read(r, &s.Root, 0)
		if err != nil {
			b.Fatal(err)
		}
		n = len(f)
	}
	b.ReportMetric(float64(n), "features")
}

// randomFeatures stand for a message of a vocabulary of size words.
func randomFeatures(rng *rand.Rand, n, size int) Features {
	s := new(set)
	for range n {
		s.add(inBody, fmt.Append(nil, rng.IntN(size)))
	}
	return s.features()
}

func BenchmarkMerge(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	l := &learner{now: time.Unix(1e9, 0)}
	for range 300 {
		l.learn(randomFeatures(rng, 1000, 200_000), Counts{Spam: 1})
	}
	var records []Record
	for range 100 {
		records = append(records, NewRecord(randomFeatures(rng, 600, 200_000), Counts{Ham: 1}))
	}
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		for shard := range Shards {
			dst = Merge(dst[:0], shard, l.shards[shard], records, Aging{Now: l.now})
		}
	}
}
