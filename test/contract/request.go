package contract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// request is one case: what is sent, and how its answer is compared.
//
// Every text of what is sent may hold variables, {{name}}: the fixed ones of
// [newSession] and what earlier requests captured.
type request struct {
	// name reads as a sentence and is unique in its group.
	name string
	// as is who asks; the administrator by default.
	as account

	// method is POST for GraphQL and for a body, else GET by default.
	method string
	// path is that of a REST request, with its query. GraphQL has its own.
	path    string
	headers map[string]string
	// body is sent as it is, as application/json unless headers say otherwise.
	body string

	// graphql is a document to send to the GraphQL endpoint of the branch, or
	// of the default branch.
	graphql   string
	variables vars
	operation string
	branch    string
	at        string

	// until repeats the request until the value at the path is as wanted, for
	// what Infrahub does in the background.
	until *settled
	// keys turns lists of objects, whose order means nothing, into objects. All
	// paths below see them that way.
	keys []keyed
	// capture makes values of the body variables: names to paths.
	capture map[string]string
	// header names headers to compare besides Content-Type.
	header []string
	// types writes references to types in the answer as SDL does: "[String!]".
	types bool
	// keep names the parts of a big answer that are compared; all by default.
	keep []string
	// definitions names those of an SDL document that are compared.
	definitions []string
	// ignore names parts that are not compared, but for their being there and
	// their type, and says why.
	ignore map[string]string
	// unordered names lists, and objects, whose order means nothing, inner ones
	// first.
	unordered []string
}

// vars are the variables of a GraphQL document.
type vars = map[string]any

// settled is a state to wait for: the text of the value at a path.
type settled struct{ path, value string }

// reached tells whether a body shows the state.
func (s settled) reached(body any) bool {
	value, err := find(body, parsePath(s.path))
	return err == nil && fmt.Sprint(value) == s.value
}

// account is who sends a request.
type account string

// The accounts.
const (
	admin    account = ""
	reader   account = "reader"
	engineer account = "engineer"
	// login is the administrator too, by the access token of a login, which a
	// request captured as "access".
	login account = "login"
	// nobody sends no credential.
	nobody account = "nobody"
)

// group is a part of the suite. Its recordings have a file of their own.
type group struct {
	name string
	// independent groups hold requests none of which needs what another one
	// does or captures, so they are sent several at a time.
	independent bool
	requests    []request
}

// verb is the HTTP method.
func (r request) verb() string {
	switch {
	case r.method != "":
		return r.method
	case r.graphql != "" || r.body != "":
		return http.MethodPost
	default:
		return http.MethodGet
	}
}

// target is path and query, with variables in place of values.
func (r request) target() string {
	if r.graphql == "" {
		return r.path
	}
	target := "/graphql"
	if r.branch != "" {
		target += "/" + r.branch
	}
	if r.at != "" {
		target += "?at=" + r.at
	}
	return target
}

// line is the request in one line.
func (r request) line() string {
	line := r.verb() + " " + r.target()
	if r.as != admin {
		line += " as " + string(r.as)
	}
	return line
}

// digest changes with everything that is sent.
func (r request) digest() (string, error) {
	raw, err := json.Marshal([]any{r.line(), r.headers, r.body, r.graphql, r.variables, r.operation})
	if err != nil {
		return "", fmt.Errorf("encoding the request: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6]), nil
}

// build makes the HTTP request, with the values of the variables.
func (r request) build(ctx context.Context, address string, values map[string]string) (*http.Request, error) {
	x := expander{values: values}
	content, err := r.content(&x)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if content != "" {
		header.Set("Content-Type", "application/json")
	}
	for key, value := range r.headers {
		header.Set(key, x.expandString(value))
	}
	request, err := http.NewRequestWithContext(ctx, r.verb(), address+x.expandTarget(r.target()), strings.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	request.Header = header
	return request, x.err
}

// content is the body to send.
func (r request) content(x *expander) (string, error) {
	if r.graphql == "" {
		return x.expandString(r.body), nil
	}
	body := vars{"query": x.expandString(r.graphql)}
	if r.variables != nil {
		body["variables"] = x.expand(r.variables)
	}
	if r.operation != "" {
		body["operationName"] = r.operation
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("encoding the request: %w", err)
	}
	return string(raw), nil
}
