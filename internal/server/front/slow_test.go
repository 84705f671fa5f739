package front

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// get asks a server in the usual way.
func get(t *testing.T, server, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// drip sends text again and again, as slowly as the server bears, until the
// connection is cut, and returns what the server sent.
func drip(conn net.Conn, text string) string {
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	answer, _ := io.ReadAll(conn) // ends when the connection does, with an error or not
	conn.Close()
	<-cut
	return string(answer)
}

func TestSlowHeadersAreCutWhileOthersAreServed(t *testing.T) {
	server := serve(t, http.HandlerFunc(ok), func(s *http.Server) { s.ReadHeaderTimeout = 100 * time.Millisecond })
	ended := make(chan string)
	const attackers = 100
	for i := range attackers {
		conn := dial(t, server.Listener.Addr().String())
		start, more := "GET /mcp HTTP/1.1\r\nHost: localhost\r\n", "X-A: b\r\n"
		if i%2 == 0 {
			start, more = "G", "" // nothing more at all
		}
		if _, err := io.WriteString(conn, start); err != nil {
			t.Fatal(err)
		}
		go func() { ended <- drip(conn, more) }()
	}
	if status, _ := get(t, server.URL, "/"); status != http.StatusOK {
		t.Errorf("another client meanwhile: status %d", status)
	}
	for range attackers {
		if answer := <-ended; strings.Contains(answer, "200 OK") {
			t.Errorf("half a request was answered: %q", answer)
		}
	}
	if status, _ := get(t, server.URL, "/"); status != http.StatusOK {
		t.Errorf("another client afterwards: status %d", status)
	}
}

func TestSlowBodiesAreCutAndStreamsAreNot(t *testing.T) {
	read := make(chan error, 1)
	finish := make(chan struct{})
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if r.Method == http.MethodPost {
			read <- err
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-finish:
			_, _ = io.WriteString(w, "the end")
		}
	}), func(s *http.Server) { s.ReadTimeout = 100 * time.Millisecond })
	address := server.Listener.Addr().String()

	stream := bufio.NewReader(start(t, address, "GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	response, err := http.ReadResponse(stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()

	// What is cut by the same limit, and began later, shows that it has passed
	// for the stream.
	answer := drip(start(t, address, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"), "x")
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the handler read the body until %v", err)
	}
	if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || !strings.Contains(answer, "Connection: close") {
		t.Errorf("the slow client was told %q", answer)
	}
	close(finish)
	if rest, err := io.ReadAll(response.Body); err != nil || string(rest) != "the end" {
		t.Errorf("the stream was cut: %q, %v", rest, err)
	}
}

// start opens a connection and sends something.
func start(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn := dial(t, address)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestHeadersBeyondTheLimitAreRefused(t *testing.T) {
	server := serve(t, http.HandlerFunc(ok), func(s *http.Server) { s.MaxHeaderBytes = 64 << 10 })
	for name, test := range map[string]struct {
		header string
		want   int
	}{
		"one of 60 kB":       {"X-A: " + strings.Repeat("a", 60<<10) + "\r\n", 200},
		"one of 70 kB":       {"X-A: " + strings.Repeat("a", 70<<10) + "\r\n", 431},
		"many small ones":    {strings.Repeat("X-A: aaaaaaaaaa\r\n", 8<<10), 431},
		"one without an end": {"X-A: " + strings.Repeat("a", 1<<20), 431},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, server.Listener.Addr().String())
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n", test.header) // cut short when refused
			}()
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != test.want {
				t.Errorf("status %d, want %d", response.StatusCode, test.want)
			}
			conn.Close()
			<-sent
		})
	}
}

func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"in a long answer": func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte("x"), 1<<20)
			for {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"in a stream": func(w http.ResponseWriter, _ *http.Request) {
			control := http.NewResponseController(w)
			for {
				_, _ = w.Write([]byte(strings.Repeat("y", 1000)))
				if control.Flush() != nil {
					return
				}
			}
		},
		"in many small answers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Filler", strings.Repeat("z", 3000))
			w.WriteHeader(http.StatusAccepted)
		},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{}, 1)
			server := serve(t, LimitWrites(50*time.Millisecond)(h), func(s *http.Server) {
				s.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						closed <- struct{}{}
					}
				}
			})
			conn := dial(t, server.Listener.Addr().String())
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for {
					if _, err := io.WriteString(conn, strings.Repeat("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 100)); err != nil {
						return
					}
				}
			}()
			<-closed
			conn.Close()
			<-sent
		})
	}
}

func TestTimeBetweenWritesDoesNotCount(t *testing.T) {
	const written = 1 << 16 // more than net/http keeps back
	for name, change := range protocols(t) {
		t.Run(name, func(t *testing.T) {
			passed := make(chan struct{})
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" { // its connection is cut by the limit
					for {
						if _, err := w.Write(make([]byte, 1<<16)); err != nil {
							close(passed)
							return
						}
					}
				}
				if r.URL.Path == "/flushed" {
					_, _ = io.WriteString(w, "a")
					w.(http.Flusher).Flush()
				} else {
					_, _ = w.Write(make([]byte, written))
				}
				select {
				case <-passed:
					_, _ = io.WriteString(w, "b")
				case <-r.Context().Done():
				}
			})
			server, client := change(LimitWrites(50 * time.Millisecond)(h))
			streams := map[int]*http.Response{1: ask(t, client, server+"/flushed"), written: ask(t, client, server+"/written")}
			for length, stream := range streams {
				t.Cleanup(func() { stream.Body.Close() })
				// The last bytes of a long write may be kept back until the end.
				if _, err := io.ReadFull(stream.Body, make([]byte, max(1, length/2))); err != nil {
					t.Fatal(err)
				}
			}
			slow := ask(t, client, server+"/slow")
			<-passed
			for length, stream := range streams {
				rest, err := io.ReadAll(stream.Body)
				if err != nil || !strings.HasSuffix(string(rest), "b") {
					t.Errorf("the stream that wrote %d bytes was cut: %d more bytes, %v", length, len(rest), err)
				}
			}
			slow.Body.Close()
		})
	}
}

// ask sends a GET and does not read the answer.
func ask(t *testing.T, client *http.Client, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// protocols are servers of HTTP/1.1 and HTTP/2, each with a client.
func protocols(t *testing.T) map[string]func(http.Handler) (string, *http.Client) {
	return map[string]func(http.Handler) (string, *http.Client){
		"HTTP/1.1": func(h http.Handler) (string, *http.Client) {
			server := serve(t, h, nil)
			return server.URL, server.Client()
		},
		"HTTP/2": func(h http.Handler) (string, *http.Client) {
			return serveTLS(t, h)
		},
	}
}
