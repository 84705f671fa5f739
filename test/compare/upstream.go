package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// upstream is the Infrahub of both servers: it keeps the reply to each request that
// it sees for the first time, and gives the same again from memory ever after, at a
// small cost that is equal for all replies.
//
// Requests are the same when method, path, query, body and the encodings that are
// accepted are.
type upstream struct {
	*httptest.Server

	infrahub http.Handler // where replies come from
	delay    atomic.Int64 // of each reply, a time.Duration
	served   atomic.Int64 // requests
	recorded atomic.Int64 // those of them that were new

	mu      sync.RWMutex
	replies map[string]reply
}

// reply is a response without what depends on the time.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// newUpstream serves an Infrahub from memory. The caller must close it.
func newUpstream(infrahub http.Handler) *upstream {
	u := &upstream{infrahub: infrahub, replies: map[string]reply{}}
	u.Server = httptest.NewServer(u)
	u.URL = u.Server.URL
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server is gone
	}
	u.served.Add(1)
	if delay := time.Duration(u.delay.Load()); delay > 0 {
		time.Sleep(delay)
	}
	key := r.Method + " " + r.URL.RequestURI() + "\n" + r.Header.Get("Accept-Encoding") + "\n" + string(body)
	u.mu.RLock()
	known, found := u.replies[key]
	u.mu.RUnlock()
	if !found {
		known = u.record(key, r, body)
	}
	maps.Copy(w.Header(), known.header)
	w.WriteHeader(known.status)
	_, _ = w.Write(known.body)
}

// record lets Infrahub reply and keeps that.
func (u *upstream) record(key string, r *http.Request, body []byte) reply {
	u.recorded.Add(1)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	u.infrahub.ServeHTTP(answer, r)
	fresh := reply{status: answer.Code, header: answer.Header().Clone(), body: answer.Body.Bytes()}
	fresh.header.Del("Date")
	fresh.header.Del("Content-Length")
	u.mu.Lock()
	defer u.mu.Unlock()
	u.replies[key] = fresh
	return fresh
}
