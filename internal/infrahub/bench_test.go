package infrahub

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func BenchmarkGraphQL(b *testing.B) {
	for name, size := range map[string]int{"small": 100, "page": 100_000} {
		b.Run(name, func(b *testing.B) {
			body := `{"data":{"x":"` + strings.Repeat("x", size) + `"}}`
			answer := []byte(body)
			u, _ := newUpstream(b, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
				w.Write(answer)
			}, Settings{MaxConcurrent: 5})
			client := u.Client(someToken)
			query := Query{Document: "query Q($a: Int) { x }", Branch: "main", Variables: map[string]any{"a": 1}}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.GraphQL(b.Context(), query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClient(b *testing.B) {
	u, _ := upstreamOf(b, "http://127.0.0.1:1", Settings{})
	b.ReportAllocs()
	for b.Loop() {
		u.Client(someToken)
	}
}

// BenchmarkTurn is what a request pays for its turn when it need not wait.
func BenchmarkTurn(b *testing.B) {
	u, _ := upstreamOf(b, "http://127.0.0.1:1", Settings{MaxConcurrent: 5, BreakerFailures: 10})
	o := outcome{answer: answer{status: 200}}
	b.ReportAllocs()
	for b.Loop() {
		done, refused := u.turns.take(b.Context(), "lane")
		if refused != nil {
			b.Fatal(refused)
		}
		done(o)
	}
}
