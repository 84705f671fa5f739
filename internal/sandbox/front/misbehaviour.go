package front

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
)

// misbehaviour is a handler before another one that obeys rules.
type misbehaviour struct {
	next   http.Handler
	server *server

	mu    sync.Mutex
	rules []*Rule
}

func newMisbehaviour(next http.Handler, s *server) http.Handler {
	m := &misbehaviour{next: next, server: s}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/faults", methods{
		http.MethodPost:   http.HandlerFunc(m.add),
		http.MethodGet:    http.HandlerFunc(m.list),
		http.MethodDelete: http.HandlerFunc(m.clear),
	}.orElse(methodNotAllowed("DELETE, GET, POST")))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sandbox/faults" {
			mux.ServeHTTP(w, r)
			return
		}
		m.serve(w, r)
	})
}

// Bounds of what is kept.
const (
	maxRules     = 1000
	maxRulesBody = 1 << 20 // bytes
)

func (m *misbehaviour) add(w http.ResponseWriter, r *http.Request) {
	// A page in a browser can send other types to any address without asking.
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		writeJSON(w, http.StatusUnsupportedMediaType, exec.NewObject("detail", "Content-Type must be application/json"))
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRulesBody))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, exec.NewObject("detail", err.Error()))
		return
	}
	rules, err := parseRules(text)
	for _, rule := range rules {
		if err == nil && rule.Action != "" && m.server.Act == nil {
			err = fmt.Errorf("this sandbox cannot %s a branch", rule.Action)
		}
	}
	if err != nil {
		writeJSON(w, http.StatusUnprocessableEntity, exec.NewObject("detail", err.Error()))
		return
	}
	all, ok := m.append(rules)
	if !ok {
		writeJSON(w, http.StatusUnprocessableEntity, exec.NewObject("detail", fmt.Sprintf("there may be no more than %d rules", maxRules)))
		return
	}
	writeJSON(w, http.StatusCreated, all)
}

// append adds rules and returns all there are, unless they are too many.
func (m *misbehaviour) append(rules []*Rule) (all []*Rule, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.rules)+len(rules) > maxRules {
		return nil, false
	}
	m.rules = append(m.rules, rules...)
	return append([]*Rule{}, m.rules...), true
}

func (m *misbehaviour) list(w http.ResponseWriter, _ *http.Request) {
	all, _ := m.append(nil)
	writeJSON(w, http.StatusOK, all)
}

func (m *misbehaviour) clear(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	m.rules = nil
	m.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// take finds the rule for a request and uses it up.
func (m *misbehaviour) take(r *http.Request, document func() *exec.Request) *Rule {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, rule := range m.rules {
		if !rule.fits(r, document) {
			continue
		}
		switch {
		case rule.Times == nil || *rule.Times == 1:
			m.rules = slices.Delete(m.rules, i, i+1)
		case *rule.Times > 1:
			times := *rule.Times - 1
			left := *rule
			left.Times = &times
			m.rules[i] = &left
		}
		return rule
	}
	return nil
}

func (m *misbehaviour) serve(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	idle := len(m.rules) == 0
	m.mu.Unlock()
	if idle {
		m.next.ServeHTTP(w, r)
		return
	}
	// The whole body is read, so that the end of the connection shows: net/http
	// looks for it only then.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, exec.NewObject("detail", err.Error()))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	rule := m.take(r, sync.OnceValue(func() *exec.Request { return documentIn(body) }))
	if rule == nil {
		m.next.ServeHTTP(w, r)
		return
	}
	m.obey(rule, w, r)
}

// documentIn reads a body as a GraphQL request, nil if it is none.
func documentIn(body []byte) *exec.Request {
	value, fault := decodeJSON(body)
	object, ok := value.(map[string]any)
	if fault != nil || !ok {
		return nil
	}
	request, err := requestOf(object)
	if err != nil {
		return nil
	}
	return request
}

func (m *misbehaviour) obey(rule *Rule, w http.ResponseWriter, r *http.Request) {
	if rule.Action != "" {
		if err := m.server.Act(r.Context(), rule.Action, rule.Branch); err != nil {
			m.server.Log.WarnContext(r.Context(), "an action of a rule failed", "action", rule.Action, "branch", rule.Branch, "error", err)
		}
	}
	if rule.Delay > 0 {
		timer := time.NewTimer(time.Duration(rule.Delay))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case rule.Drop == DropBefore:
		panic(http.ErrAbortHandler)
	case rule.Status != 0:
		rule.answer(w, r)
	case rule.Truncate != nil:
		answer := m.held(r)
		answer.truncate(w, *rule.Truncate)
	case rule.Drop == DropAfter:
		m.held(r)
		panic(http.ErrAbortHandler)
	default:
		m.next.ServeHTTP(w, r)
	}
}

// answer answers with the status of a rule. As where Infrahub turns a request
// away itself, nothing of the usual headers is there.
func (r *Rule) answer(w http.ResponseWriter, request *http.Request) {
	for name, value := range r.Headers {
		w.Header().Set(name, value)
	}
	mediaType := w.Header().Get("Content-Type")
	switch {
	case r.Body != nil:
		writeBody(w, r.Status, mediaType, []byte(*r.Body))
	case r.Status == http.StatusInternalServerError && len(r.Headers) == 0:
		internalServerError(w, request)
	case r.Status == http.StatusNoContent || r.Status == http.StatusNotModified:
		w.WriteHeader(r.Status)
	default:
		message := http.StatusText(r.Status)
		if r.Status == http.StatusTooManyRequests {
			message = "Server is shedding load; retry later."
		}
		writeJSON(w, r.Status, exec.NewObject("data", nil, "errors", []any{
			exec.NewObject("message", message, "extensions", exec.NewObject("code", r.Status)),
		}))
	}
}

// held has a request answered and keeps the answer.
func (m *misbehaviour) held(r *http.Request) *heldAnswer {
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	m.next.ServeHTTP(answer, r)
	return answer
}

// heldAnswer is an http.ResponseWriter that keeps an answer.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *heldAnswer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *heldAnswer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *heldAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// truncate sends the beginning of an answer and ends the connection.
func (a *heldAnswer) truncate(w http.ResponseWriter, length int) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()[:min(length, a.body.Len())])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
