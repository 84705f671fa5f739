package telemetry

import (
	"context"
	"net/http"
	"regexp"
	"strings"
)

// Trace says which work elsewhere a request is part of, in the form of the HTTP
// headers that pass it on. Its members are valid, or empty.
type Trace struct {
	Parent  string // traceparent (W3C Trace Context, section 3.2)
	State   string // tracestate (section 3.3), only with a parent
	Baggage string // baggage (W3C Baggage, section 3)
}

// The grammars. What a later version adds to a traceparent is not understood.
var (
	parentForm  = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)
	parentNone  = regexp.MustCompile(`^ff|-0{32}-|-0{16}-`)
	stateMember = regexp.MustCompile(`^(?:[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?$`)
	bagMember   = regexp.MustCompile(`^` + bagPair + `(?:[ \t]*;[ \t]*(?:` + bagPair + `|` + bagKey + `))*$`)
)

const (
	bagKey  = "[!#$%&'*+.^_`|~0-9A-Za-z-]+" // a token (RFC 9110, section 5.6.2)
	bagPair = bagKey + `[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*`

	maxStateMembers = 32   // of the specification
	maxList         = 8192 // bytes of a state or baggage; longer ones need not be passed on
)

// NewTrace takes the values of the three headers. What is malformed counts as not
// sent, and a state without a parent too.
func NewTrace(parent, state, baggage string) Trace {
	var t Trace
	if parentForm.MatchString(parent) && !parentNone.MatchString(parent) {
		t.Parent = parent
		if consists(state, stateMember) && distinct(state) {
			t.State = state
		}
	}
	if consists(baggage, bagMember) {
		t.Baggage = baggage
	}
	return t
}

// consists reports whether all members of a list are of a form.
func consists(list string, form *regexp.Regexp) bool {
	if len(list) > maxList {
		return false
	}
	for member := range strings.SplitSeq(list, ",") {
		if !form.MatchString(strings.Trim(member, " \t")) {
			return false
		}
	}
	return true
}

// distinct reports whether the keys of a state are, and not too many.
func distinct(state string) bool {
	keys := map[string]bool{}
	for member := range strings.SplitSeq(state, ",") {
		key, _, _ := strings.Cut(strings.Trim(member, " \t"), "=")
		if keys[key] {
			return false
		}
		if key != "" { // an empty member says nothing
			keys[key] = true
		}
	}
	return len(keys) <= maxStateMembers
}

// Write adds the headers of a trace to a request.
func (t Trace) Write(header http.Header) {
	for name, value := range map[string]string{"Traceparent": t.Parent, "Tracestate": t.State, "Baggage": t.Baggage} {
		if value != "" {
			header.Set(name, value)
		}
	}
}

type traceKey struct{}

// WithTrace returns a context whose requests to others are part of a trace.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace of a context, the zero value outside of one.
func TraceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}
