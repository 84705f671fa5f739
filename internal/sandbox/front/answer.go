package front

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// writeJSON answers with a status and a JSON body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := encode(body)
	if err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // what answers are made of can be encoded
	}
	writeBody(w, status, "application/json", text)
}

// encode writes JSON without the escapes that HTML needs.
func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// writeBody answers with a body of a media type, without one if it is empty.
func writeBody(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = nil // or net/http guesses one
	if mediaType != "" {
		h.Set("Content-Type", mediaType)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

const (
	plainText = "text/plain; charset=utf-8"
	bareError = "Internal Server Error"
)

// internalServerError answers as Infrahub does where it fails: a bare text
// without the usual headers, after which it closes the connection without having
// said so. A client that keeps connections finds out with its next request.
func internalServerError(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, or no connection at all
		clear(w.Header())
		w.Header().Set("Connection", "close")
		writeBody(w, http.StatusInternalServerError, plainText, []byte(bareError))
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 500 %s\r\n", bareError)
	fmt.Fprintf(&b, "Date: %s\r\n", time.Now().UTC().Format(http.TimeFormat))
	fmt.Fprintf(&b, "Content-Length: %d\r\nContent-Type: %s\r\n\r\n%s", len(bareError), plainText, bareError)
	_, _ = buffered.WriteString(b.String())
	_ = buffered.Flush()
}
