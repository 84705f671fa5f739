package oidc

import (
	"encoding/json"
	"errors"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// refuse answers a program (RFC 6749, section 5.2).
func refuse(w http.ResponseWriter, status int, code, description string) {
	reply(w, status, map[string]string{"error": code, "error_description": description})
}

// reply answers a program. Nothing of it may be kept (RFC 6749, section 5.1).
func reply(w http.ResponseWriter, status int, value any) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone
}

func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}

// unavailableFor is when to come again while the provider does not answer.
const unavailableFor = 5 * time.Second

// form reads the body of a request of a program: a form, each parameter at most
// once (RFC 6749, section 3.2). What is wrong with it is answered.
func form(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		refuse(w, http.StatusBadRequest, "invalid_request", "The content type must be application/x-www-form-urlencoded.")
		return nil, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		refuse(w, unreadable(err), "invalid_request", "The form cannot be read, or is too long.")
		return nil, false
	}
	if name := repeated(r.PostForm); name != "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "A parameter is given more than once.")
		return nil, false
	}
	return r.PostForm, true
}

// unreadable is the status for a body that cannot be read.
func unreadable(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// repeated returns a parameter that is given more than once, "" when there is
// none.
func repeated(values url.Values) string {
	for name, given := range values {
		if len(given) > 1 {
			return name
		}
	}
	return ""
}
