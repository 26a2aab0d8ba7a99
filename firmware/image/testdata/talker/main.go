// Command talker is a program in Buzon's place: it answers on port 80, and hands on to the first process what tests want of it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"buzon/internal/update"
)

// What the linker sets: the version, the form of its data, and whether it answers nobody.
var release, form, deaf string

func main() {
	if len(os.Args) < 2 || os.Args[1] != "serve" {
		log.Fatal("serve is all I can")
	}
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	data := flags.String("data", "", "")
	listen := flags.String("listen", "", "")
	flags.Parse(os.Args[2:])
	// As a box that nobody has claimed, which has no other ports.
	if err := os.WriteFile(filepath.Join(filepath.Dir(*data), "claim.txt"), []byte("1234 5678\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	migrate(*data)
	if deaf != "" {
		time.Sleep(time.Hour)
	}
	here := update.Here().Client
	http.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s\n", release, *data, os.Getenv(update.RehearsalEnv))
	})
	http.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		s, err := here.Status(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		json.NewEncoder(w).Encode(s)
	})
	// Each line tells how far it is; the last one is "done" or why not.
	http.HandleFunc("POST /update", func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		out.EnableFullDuplex()
		err := here.Apply(r.Context(), r.Body, false, func(p update.Progress) {
			fmt.Fprintln(w, p.Step, p.Octets, p.Total)
			out.Flush()
		})
		if err != nil {
			fmt.Fprintln(w, update.Code(err), err)
			return
		}
		fmt.Fprintln(w, "done")
	})
	http.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
		if err := here.Do(r.Context(), r.URL.Query().Get("what")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	l, err := net.Listen("tcp", net.JoinHostPort(*listen, "80"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(l, nil))
}

// migrate makes the form of the file ours, if there is one.
func migrate(data string) {
	f, err := os.OpenFile(data, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		_, err = f.WriteAt([]byte{0, 0, 0, form[0] - '0'}, 60)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		log.Fatal(err)
	}
}
