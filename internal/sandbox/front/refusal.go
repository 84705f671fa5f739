package front

import (
	"errors"
	"net/http"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// refuse answers a REST request with an error:
//
//	{"data": null, "errors": [{"message": "…", "extensions": {"code": 404}}]}
//
// or, for what the framework below Infrahub finds, {"detail": …}.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if d, ok := errors.AsType[*detail](err); ok {
		writeJSON(w, d.status, exec.NewObject("detail", d.text))
		return
	}
	if format, ok := errors.AsType[*model.FormatError](err); ok {
		writeJSON(w, http.StatusUnprocessableEntity, format)
		return
	}
	faults := faultsOf(err)
	if faults == nil {
		s.fail(w, r, err)
		return
	}
	entries := make([]any, len(faults))
	for i, f := range faults {
		entries[i] = integerCoded(f)
	}
	writeJSON(w, faults[0].Status, exec.NewObject("data", nil, "errors", entries))
}

// detail is an error in the shape of the framework below Infrahub.
type detail struct {
	status int
	text   string
}

func (d *detail) Error() string { return d.text }

// integerCoded is an error as REST answers it, and GraphQL before 1.10: the code
// is the status.
func integerCoded(f *fault.Error) *exec.Object {
	return exec.NewObject("message", f.Message, "extensions", exec.NewObject("code", f.Status))
}

// faultsOf returns the errors of Infrahub that an error stands for, nil if it is
// none of these.
func faultsOf(err error) []*fault.Error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var faults []*fault.Error
		for _, e := range several.Unwrap() {
			faults = append(faults, faultsOf(e)...)
		}
		return faults
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return []*fault.Error{f}
	}
	if e, ok := errors.AsType[*model.Error](err); ok {
		return []*fault.Error{fault.Invalid("%s", e.Message)}
	}
	return nil
}

// fail answers what Infrahub itself fails at, and tells the log of what it would
// not have.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, exec.ErrSyntax) && !errors.Is(err, errAsInfrahub) && r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "the sandbox could not answer", "method", r.Method, "endpoint", r.Pattern, "error", err)
	}
	internalServerError(w, r)
}

// errAsInfrahub stands for what Infrahub answers with a bare 500.
var errAsInfrahub = errors.New("Infrahub fails at this") //nolint:staticcheck // the name of the product
