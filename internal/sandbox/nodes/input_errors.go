package nodes

import (
	"errors"
	"net/http"
	"strings"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// refusals are the errors of one input, at most one for each field. Infrahub
// answers each as an entry of its own.
type refusals struct {
	kind   string // of the mutation
	faults []*fault.Error
	fields []string
}

// add notes why a field is refused.
func (r *refusals) add(field, reason string) {
	refused := refuse(r.kind, field, reason)
	for i, f := range r.fields {
		if f == field {
			r.faults[i] = refused
			return
		}
	}
	r.fields = append(r.fields, field)
	r.faults = append(r.faults, refused)
}

// addAll notes why a field is refused, besides other reasons.
func (r *refusals) addAll(field, reason string) {
	r.fields = append(r.fields, field)
	r.faults = append(r.faults, refuse(r.kind, field, reason))
}

// value notes why an attribute cannot hold a value. It reports false for an
// error that is none of the input.
func (r *refusals) value(err error) bool {
	invalid, ok := errors.AsType[*model.ValueError](err)
	if ok {
		r.add(invalid.Attribute, invalid.Detail)
	}
	return ok
}

// err returns the errors, nil if there are none.
func (r *refusals) err() error {
	switch len(r.faults) {
	case 0:
		return nil
	case 1:
		// One alone is told of the mutation as a whole.
		r.faults[0].Field = nil
		return r.faults[0]
	}
	all := make([]error, len(r.faults))
	for i, f := range r.faults {
		f.Field = []any{"data", r.fields[i]}
		all[i] = f
	}
	return errors.Join(all...)
}

// refuse returns the error for a field: one of the catalogue's, which Infrahub
// chooses by the words of the reason.
func refuse(kind, field, reason string) *fault.Error {
	const wrongType = " is not a valid "
	e := &fault.Error{
		Code: fault.AttributeConstraint, Status: http.StatusUnprocessableEntity, Message: reason + " at " + field,
		Data: exec.NewObject("node_kind", kind, "field_name", field),
	}
	if strings.Contains(reason, " is mandatory for ") {
		e.Code = fault.AttributeRequired
		return e
	}
	if i := strings.LastIndex(reason, wrongType); i > 0 && !strings.ContainsAny(reason[i+len(wrongType):], " \n") {
		e.Code = fault.AttributeInvalidType
		e.Data.Set("expected_type", reason[i+len(wrongType):])
		e.Data.Set("received_type", reason[:i])
		return e
	}
	e.Data.Set("constraint", reason)
	e.Data.Set("detail", nil)
	return e
}
