package front

import (
	"bytes"
	"errors"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// graphql answers POST /graphql and /graphql/{branch}.
func (s *server) graphql(w http.ResponseWriter, r *http.Request) {
	caller, err := s.Gate.Authenticate(r)
	if err != nil {
		s.refuseGraphQL(w, r, err)
		return
	}
	branch := s.main
	if name := r.PathValue("branch"); name != "" {
		branch = name
	}
	if _, err := s.Base.Store.Branch(branch); err != nil {
		writeJSON(w, http.StatusNotFound, texts("Branch: "+branch+" not found."))
		return
	}
	request, err := readDocument(w, r)
	if err != nil {
		s.refuseGraphQL(w, r, err)
		return
	}
	c := &gql.Call{Base: s.Base, Branch: branch, Caller: caller}
	if query := r.URL.Query(); query.Has("at") {
		if c.At, err = s.moment(query.Get("at"), request); err != nil {
			s.refuseGraphQL(w, r, err)
			return
		}
	}
	if strings.TrimSpace(request.Query) == "" { // which parses here, and not in Infrahub
		internalServerError(w, r)
		return
	}
	response, err := s.Execute(r.Context(), c, *request)
	switch {
	case errors.Is(err, store.ErrBeforeStart):
		err = s.tooEarly(c.At)
	case errors.Is(err, store.ErrNoBranch): // deleted since
		writeJSON(w, http.StatusNotFound, texts("Branch: "+branch+" not found."))
		return
	}
	if err != nil {
		s.refuseGraphQL(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, s.Emulate.response(response))
}

// texts is the body of errors that are found before a document is looked at.
func texts(message string) *exec.Object { return exec.NewObject("errors", []any{message}) }

// malformed is such an error.
type malformed struct{ message string }

func (m *malformed) Error() string { return m.message }

// refuseGraphQL answers a request that is not executed.
func (s *server) refuseGraphQL(w http.ResponseWriter, r *http.Request, err error) {
	if m, ok := errors.AsType[*malformed](err); ok {
		writeJSON(w, http.StatusBadRequest, texts(m.message))
		return
	}
	if d, ok := errors.AsType[*detail](err); ok {
		writeJSON(w, d.status, exec.NewObject("detail", d.text))
		return
	}
	faults := faultsOf(err)
	if faults == nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, faults[0].Status, s.Emulate.refusal(faults))
}

// readDocument reads the body of a GraphQL request. Infrahub fails, rather than
// refusing, where one is JSON and still no request.
func readDocument(w http.ResponseWriter, r *http.Request) (*exec.Request, error) {
	raw, err := readAll(w, r)
	if err != nil {
		return nil, err
	}
	var body any
	switch media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err != nil, media != "application/json" && media != "multipart/form-data":
		return nil, &malformed{"Content-type must be application/json or multipart/form-data"}
	case media == "multipart/form-data":
		if body, err = multipartOperations(raw, parameters["boundary"]); err != nil {
			return nil, err
		}
	default:
		var fault *jsonFault
		if body, fault = decodeJSON(raw); fault != nil {
			return nil, &malformed{"Request body is not a valid JSON"}
		}
	}
	switch body := body.(type) {
	case []any:
		return nil, &malformed{"This server does not support batching"}
	case map[string]any:
		return requestOf(body)
	default:
		return nil, errAsInfrahub
	}
}

func requestOf(body map[string]any) (*exec.Request, error) {
	query, isText := body["query"].(string)
	name, nameIsText := body["operationName"].(string)
	variables, isObject := body["variables"].(map[string]any)
	if !isText || !nameIsText && body["operationName"] != nil || !isObject && body["variables"] != nil {
		return nil, errAsInfrahub
	}
	return &exec.Request{Query: query, OperationName: name, Variables: variables}, nil
}

// moment is the time that a request asks for. That of a mutation does not
// matter, as long as it is one.
func (s *server) moment(text string, r *exec.Request) (time.Time, error) {
	at, err := parseMoment(text, s.Clock())
	if err != nil {
		return at, err
	}
	operation, err := operationOf(r)
	if err != nil {
		return at, err
	}
	if operation != nil && operation.Operation == ast.Mutation {
		return time.Time{}, nil
	}
	_, err = s.read(s.main, at)
	return at, err
}

// operationOf finds the operation that a request runs, nil if it does not say
// which. The error is exec.ErrSyntax.
func operationOf(r *exec.Request) (*ast.OperationDefinition, error) {
	const maxTokens = 100_000
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: r.Query}, maxTokens)
	if err != nil {
		return nil, exec.ErrSyntax
	}
	if r.OperationName == "" && len(document.Operations) == 1 {
		return document.Operations[0], nil
	}
	return document.Operations.ForName(r.OperationName), nil
}

// multipartOperations reads the part "operations" of a form (the GraphQL
// multipart request specification). Files are of no use to a sandbox.
func multipartOperations(raw []byte, boundary string) (any, error) {
	form, err := multipart.NewReader(bytes.NewReader(raw), boundary).ReadForm(maxBody)
	if err != nil || len(form.Value["operations"]) == 0 {
		return nil, &malformed{"Request body is not a valid multipart/form-data"}
	}
	defer func() { _ = form.RemoveAll() }()
	body, fault := decodeJSON([]byte(form.Value["operations"][0]))
	if fault != nil {
		return nil, &malformed{"'operations' must be a valid JSON"}
	}
	return body, nil
}
