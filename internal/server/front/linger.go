package front

import (
	"io"
	"net/http"
	"time"
)

// LingerLimits bound what is read of bodies that nobody wants.
type LingerLimits struct {
	Bytes int64         // of one body
	Time  time.Duration // for one body
	Pause time.Duration // in which nothing of it comes
}

// Linger returns a middleware for clients that send a large body which is
// refused: the answer goes out at once, and what the client still sends is read
// and thrown away, within limits. A server that closes the connection instead
// makes the system reset it, and most clients then report the reset and not the
// answer, since they look for that only after they have sent everything (RFC
// 9112, section 9.6).
func Linger(limits LingerLimits) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// HTTP/2 can refuse a body without touching the connection, and what
			// is small net/http reads to its end by itself.
			const small = 256 << 10
			if r.ProtoMajor != 1 || 0 <= r.ContentLength && r.ContentLength <= small {
				next.ServeHTTP(w, r)
				return
			}
			body := &watchedBody{ReadCloser: r.Body}
			watched := *r
			watched.Body = body
			next.ServeHTTP(w, &watched)
			// Who expects to be told to go on (RFC 9110, section 10.1.1) and was
			// not sends nothing.
			if !body.ended && (body.begun || r.Header.Get("Expect") == "") {
				limits.discard(w, r.Body)
			}
		})
	}
}

// discard sends the answer and reads the rest of a body.
func (l LingerLimits) discard(w http.ResponseWriter, body io.Reader) {
	control := http.NewResponseController(w)
	end := time.Now().Add(l.Time)
	wait := func() bool {
		next := time.Now().Add(l.Pause)
		if next.After(end) {
			next = end
		}
		return control.SetReadDeadline(next) == nil
	}
	if !wait() || control.Flush() != nil {
		return
	}
	buffer := make([]byte, 32<<10)
	for left := l.Bytes; left > 0; {
		n, err := body.Read(buffer)
		if left -= int64(n); err != nil || !wait() {
			return
		}
	}
}

// watchedBody knows how far it was read.
type watchedBody struct {
	io.ReadCloser
	begun, ended bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.begun = true
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}
