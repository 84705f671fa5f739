package front

import (
	"net/http"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
)

// Generation is a line of versions of Infrahub that answer alike. They differ in
// the errors of GraphQL: since 1.10 each has a code of the catalogue, a status
// and data; before, those found during execution have nothing but their message
// and place, and those found before it have their status as the code.
type Generation string

// The generations.
const (
	V1_9  Generation = "1.9"
	V1_11 Generation = "1.11"
)

// Version is the version that a server of the generation says to have.
func (g Generation) Version() string {
	if g == V1_9 {
		return "1.9.6"
	}
	return "1.11.9"
}

// response is the body of the answer to a document.
func (g Generation) response(r *exec.Response) *exec.Object {
	body := exec.NewObject("data", r.Data)
	if len(r.Errors) > 0 {
		entries := make([]any, len(r.Errors))
		for i, e := range r.Errors {
			entries[i] = g.entry(e)
		}
		body.Set("errors", entries)
	}
	return body
}

// entry is an error of a document.
func (g Generation) entry(e *exec.Error) *exec.Object {
	entry := exec.NewObject("message", e.Message)
	cause := &fault.Error{Code: fault.Undefined, Status: http.StatusInternalServerError}
	if faults := faultsOf(e.Cause); len(faults) > 0 {
		cause = faults[0]
	}
	// What Infrahub gathers over the members of an input has their place in the
	// path, and none in the document.
	if len(e.Locations) > 0 && cause.Field == nil {
		entry.Set("locations", e.Locations)
	}
	if len(e.Path) > 0 {
		entry.Set("path", slices.Concat(e.Path, cause.Field))
	}
	if g != V1_9 {
		entry.Set("extensions", extensions(cause))
	}
	return entry
}

// refusal is the body of the answer to a document that is not executed.
func (g Generation) refusal(faults []*fault.Error) *exec.Object {
	entries := make([]any, len(faults))
	for i, f := range faults {
		if g == V1_9 {
			entries[i] = integerCoded(f)
		} else {
			entries[i] = exec.NewObject("message", f.Message, "extensions", extensions(f))
		}
	}
	return exec.NewObject("data", nil, "errors", entries)
}

func extensions(f *fault.Error) *exec.Object {
	data := f.Data
	if data == nil {
		data = exec.NewObject()
	}
	return exec.NewObject("code", f.Code, "http_status", f.Status, "data", data)
}
