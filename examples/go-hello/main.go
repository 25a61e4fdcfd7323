// The smallest Go app that shows where it runs.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

//go:embed hello.html
var text string

var page = template.Must(template.New("hello").Parse(text))

type facts struct {
	Greeting string `json:"greeting"`
	Dyno     string `json:"dyno"`
	Release  string `json:"release"`
	Go       string `json:"go"`
}

// where tells what nomapaas puts into every dyno's environment, and one config var of yours.
func where() facts {
	return facts{
		Greeting: cmp.Or(os.Getenv("GREETING"), "Hello from nomapaas"),
		Dyno:     cmp.Or(os.Getenv("DYNO"), "your own machine"),
		Release:  cmp.Or(os.Getenv("HEROKU_RELEASE_VERSION"), "none yet"),
		Go:       runtime.Version(),
	}
}

func main() {
	http.HandleFunc("GET /{$}", func(answer http.ResponseWriter, _ *http.Request) {
		if err := page.Execute(answer, where()); err != nil {
			log.Print(err)
		}
	})
	http.HandleFunc("GET /whoami", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(answer).Encode(where()); err != nil {
			log.Print(err)
		}
	})
	serve(&http.Server{Addr: ":" + cmp.Or(os.Getenv("PORT"), "5000"), ReadHeaderTimeout: 10 * time.Second})
}

// serve answers until the dyno is told to stop, and then finishes the requests that it has.
func serve(server *http.Server) {
	stopped, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	finished := make(chan error)
	go func() {
		<-stopped.Done()
		finished <- server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := <-finished; err != nil {
		log.Print(err)
	}
}
