package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
)

// Rule is one piece of misbehaviour: which requests it is for, and what becomes
// of them. With Options.Admin, rules are managed at /sandbox/faults:
//
//	POST    adds one rule, or a list of them, in the JSON form of Rule: 201
//	GET     lists the rules, with what is left of Times: 200
//	DELETE  removes them all: 204
//
// The first rule that fits a request is used, and used up by it. So a client
// that should be turned away twice and then served needs one rule:
//
//	{"path": "/graphql", "times": 2, "status": 429,
//	 "headers": {"Retry-After": "1", "X-Infrahub-Admission": "shed"}}
//
// What a rule asks for happens in this order: the action, the delay, and then
// the first of drop "before", status, truncate and drop "after". A rule with none
// of the last four lets the request through.
type Rule struct {
	// Path is what the path of the request begins with; empty for any.
	Path string `json:"path,omitempty"`
	// Method is that of the request; empty for any.
	Method string `json:"method,omitempty"`
	// Document is a part of the GraphQL document; empty for any request.
	Document string `json:"document,omitempty"`
	// Operation is the name of the GraphQL operation; empty for any request.
	Operation string `json:"operation,omitempty"`
	// Times is how often the rule is used: once if it is left out, without end
	// if it is 0.
	Times *int `json:"times,omitempty"`

	// Action happens behind the client's back before the request is answered.
	Action Action `json:"action,omitempty"`
	// Branch is the branch that it is done to.
	Branch string `json:"branch,omitempty"`
	// Delay holds the request up, for a time such as "2s" or "150ms", or until
	// the client gives up.
	Delay Duration `json:"delay,omitzero"`

	// Status is answered in place of the handler, which never runs.
	Status int `json:"status,omitempty"`
	// Headers go with Status.
	Headers map[string]string `json:"headers,omitempty"`
	// Body goes with Status. Without one there is the body that Infrahub sends,
	// in the case of 500 with its end of the connection.
	Body *string `json:"body,omitempty"`
	// Truncate is how many bytes of the body are sent before the connection
	// ends. Headers announce all of them.
	Truncate *int `json:"truncate,omitempty"`
	// Drop ends the connection without an answer.
	Drop Drop `json:"drop,omitempty"`
}

// Action is something that is done to a branch.
type Action string

// The actions.
const (
	MergeBranch  Action = "merge"
	DeleteBranch Action = "delete"
)

// Drop says when a connection ends.
type Drop string

// The times to end a connection: before the request is executed, or after.
const (
	DropBefore Drop = "before"
	DropAfter  Drop = "after"
)

// Duration is a time.Duration that is written as a text: "1.5s".
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

// check says what is wrong with a rule.
func (r *Rule) check() error {
	switch {
	case r.Times != nil && *r.Times < 0:
		return errors.New("times is negative")
	case r.Delay < 0:
		return errors.New("delay is negative")
	case r.Status != 0 && (r.Status < 200 || r.Status > 599):
		return errors.New("status is not between 200 and 599")
	case r.Status == 0 && (r.Body != nil || len(r.Headers) > 0):
		return errors.New("body and headers need a status")
	case r.Truncate != nil && *r.Truncate < 0:
		return errors.New("truncate is negative")
	case r.Drop != "" && r.Drop != DropBefore && r.Drop != DropAfter:
		return fmt.Errorf("drop is %q, not %q or %q", r.Drop, DropBefore, DropAfter)
	case r.Action != "" && r.Action != MergeBranch && r.Action != DeleteBranch:
		return fmt.Errorf("action is %q, not %q or %q", r.Action, MergeBranch, DeleteBranch)
	case (r.Action == "") != (r.Branch == ""):
		return errors.New("action and branch need each other")
	}
	return nil
}

// fits tells whether a rule is for a request. What a request asks by GraphQL is
// read by document, when a rule needs it.
func (r *Rule) fits(request *http.Request, document func() *exec.Request) bool {
	if !strings.HasPrefix(request.URL.Path, r.Path) || r.Method != "" && !strings.EqualFold(r.Method, request.Method) {
		return false
	}
	if r.Document == "" && r.Operation == "" {
		return true
	}
	d := document()
	return d != nil && strings.Contains(d.Query, r.Document) && (r.Operation == "" || r.Operation == operationName(d))
}

// operationName is the name of the operation that a request runs.
func operationName(r *exec.Request) string {
	if r.OperationName != "" {
		return r.OperationName
	}
	operation, err := operationOf(r)
	if err != nil || operation == nil {
		return ""
	}
	return operation.Name
}

// parseRules reads one rule or a list of them.
func parseRules(text []byte) ([]*Rule, error) {
	var rules []*Rule
	var target any = &rules
	if text = bytes.TrimSpace(text); !bytes.HasPrefix(text, []byte("[")) {
		rules = []*Rule{{}}
		target = rules[0]
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return nil, fmt.Errorf("reading the rule: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("there is something behind the rule")
	}
	for i, r := range rules {
		if r == nil {
			return nil, fmt.Errorf("rule %d is null", i+1)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	return rules, nil
}
