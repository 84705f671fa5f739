package front

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// refusing answers without wanting the body: 401 before it is read, and 413 when
// it is too long.
func refusing(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20)); err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}
}

// sendsFirst is a client of the simple sort: it sends its request to the end and
// then looks for an answer.
func sendsFirst(conn net.Conn, header string, body io.Reader) (*http.Response, error) {
	if _, err := io.WriteString(conn, header); err != nil {
		return nil, fmt.Errorf("sending the header: %w", err)
	}
	if _, err := io.Copy(conn, body); err != nil {
		return nil, fmt.Errorf("sending the body: %w", err)
	}
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

func TestClientsThatSendALargeBodyReadItsRefusal(t *testing.T) {
	const size, tries = 20 << 20, 5
	server := serve(t, Chain(http.HandlerFunc(refusing), LimitWrites(time.Minute), Linger(LingerLimits{32 << 20, time.Minute, time.Minute})), nil)
	address := server.Listener.Addr().String()
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<20, strings.Repeat("x", 1<<20))
	for _, test := range []struct {
		name, header string
		body         string
		status       int
	}{
		{"one of announced length", "Authorization: x\r\nContent-Length: 20971520\r\n", strings.Repeat("x", size), 413},
		{"on a connection for this request alone", "Authorization: x\r\nConnection: close\r\nContent-Length: 20971520\r\n", strings.Repeat("x", size), 413},
		{"in chunks", "Authorization: x\r\nTransfer-Encoding: chunked\r\n", strings.Repeat(chunk, 20) + "0\r\n\r\n", 413},
		{"in chunks on a connection for this request alone", "Authorization: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n", strings.Repeat(chunk, 20) + "0\r\n\r\n", 413},
		{"one that is not looked at", "Content-Length: 20971520\r\n", strings.Repeat("x", size), 401},
		{"one that is not looked at, on a connection for this request alone", "Connection: close\r\nContent-Length: 20971520\r\n", strings.Repeat("x", size), 401},
		{"chunks that are not looked at", "Connection: close\r\nTransfer-Encoding: chunked\r\n", strings.Repeat(chunk, 20) + "0\r\n\r\n", 401},
		{"a small one that is not looked at", "Content-Length: 5\r\n", "12345", 401},
		{"one that fits", "Authorization: x\r\nContent-Length: 1048576\r\n", strings.Repeat("x", 1<<20), 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range tries {
				conn := dial(t, address)
				response, err := sendsFirst(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\n"+test.header+"\r\n", strings.NewReader(test.body))
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != test.status {
					t.Errorf("status %d, %q, %v", response.StatusCode, text, err)
				}
				response.Body.Close()
				conn.Close()
			}
		})
	}
}

func TestLingeringEnds(t *testing.T) {
	const header = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n"
	for _, test := range []struct {
		name   string
		limits LingerLimits
		header string
		more   string // sent again and again
	}{
		{"when too much comes", LingerLimits{1 << 20, time.Minute, time.Minute}, header, strings.Repeat("x", 64<<10)},
		{"when nothing comes", LingerLimits{1 << 30, time.Minute, 50 * time.Millisecond}, header, ""},
		{"when it takes too long", LingerLimits{1 << 30, 50 * time.Millisecond, time.Minute}, header, "x"},
		{"at once with a client that was not told to go on", LingerLimits{1 << 30, time.Minute, time.Minute}, header + "Expect: 100-continue\r\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, Linger(test.limits)(http.HandlerFunc(refusing)), nil)
			conn := start(t, server.Listener.Addr().String(), test.header+"\r\n")
			if answer := drip(conn, test.more); !strings.HasPrefix(answer, "HTTP/1.1 401 ") {
				t.Errorf("it was told %q", answer)
			}
		})
	}
}

func TestLingeringLeavesOtherConnectionsAlone(t *testing.T) {
	for name, change := range protocols(t) {
		t.Run(name, func(t *testing.T) {
			server, client := change(Linger(LingerLimits{1 << 20, time.Minute, time.Minute})(http.HandlerFunc(refusing)))
			for range 3 {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server, strings.NewReader(strings.Repeat("x", 1<<20)))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Authorization", "x")
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if response.StatusCode != http.StatusOK || response.Close {
					t.Errorf("%s, and the connection is closed: %v", response.Status, response.Close)
				}
			}
		})
	}
}
