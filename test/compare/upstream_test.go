package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAReplyIsRepeatedToTheSameRequestAlone(t *testing.T) {
	var asked int
	u := newUpstream(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%d: %s %s %s", asked, r.Method, r.URL.RequestURI(), body) //nolint:gosec // G705: no browser reads it
	}))
	defer u.Close()
	ask := func(method, target, body, encodings string) string {
		request, err := http.NewRequestWithContext(t.Context(), method, u.URL+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", encodings)
		response, err := u.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(response.StatusCode, " ", response.Header.Get("Content-Type"), " ", string(text))
	}
	requests := []struct{ method, target, body, encodings, want string }{
		{"POST", "/graphql", "a", "", "1: POST /graphql a"},
		{"POST", "/graphql", "b", "", "2: POST /graphql b"},
		{"POST", "/graphql?at=1", "a", "", "3: POST /graphql?at=1 a"},
		{"PUT", "/graphql", "a", "", "4: PUT /graphql a"},
		{"POST", "/graphql", "a", "gzip", "5: POST /graphql a"},
		{"POST", "/graphql", "a", "", "1: POST /graphql a"},
		{"POST", "/graphql", "a", "gzip", "5: POST /graphql a"},
	}
	for _, r := range requests {
		if got, want := ask(r.method, r.target, r.body, r.encodings), "418 text/plain "+r.want; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if diff := cmp.Diff([]int64{7, 5}, []int64{u.served.Load(), u.recorded.Load()}); diff != "" {
		t.Errorf("requests served and recorded (-want +got):\n%s", diff)
	}
}
