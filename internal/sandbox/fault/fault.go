// Package fault holds the errors that Infrahub answers: a code of its
// catalogue, a status, a sentence and data for programs.
package fault

import (
	"fmt"
	"net/http"

	"infrahub-mcp/internal/sandbox/exec"
)

// The codes of Infrahub's error catalogue (extensions.code, since 1.10).
const (
	NodeNotFound          = "NODE_NOT_FOUND"
	AuthenticationNeeded  = "AUTHENTICATION_REQUIRED"
	TokenExpired          = "TOKEN_EXPIRED"
	PermissionDenied      = "PERMISSION_DENIED"
	AttributeRequired     = "ATTRIBUTE_REQUIRED"
	AttributeInvalidType  = "ATTRIBUTE_INVALID_TYPE"
	AttributeConstraint   = "ATTRIBUTE_CONSTRAINT_VIOLATION"
	BranchNotFound        = "BRANCH_NOT_FOUND"
	BranchAlreadyMerged   = "BRANCH_ALREADY_MERGED"
	BranchNeedsRebase     = "BRANCH_NEEDS_REBASE"
	MergeInProgress       = "MERGE_IN_PROGRESS"
	MergeRecoveryRequired = "MERGE_RECOVERY_REQUIRED"
	SchemaNotFound        = "SCHEMA_NOT_FOUND"
	Undefined             = "UNDEFINED_ERROR"
)

// Error is an error as Infrahub answers it. Over GraphQL it is an entry of
// `errors` with the extensions code, http_status and data; over REST it is the
// only entry, and Status is that of the answer.
type Error struct {
	Code    string
	Status  int
	Message string
	// Data is empty rather than nil when there is none.
	Data *exec.Object
	// Field leads from the field that failed to what was at fault in its
	// arguments: "data", "name". Such entries have no locations.
	Field []any
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// New returns an error of the code UNDEFINED_ERROR, which stands for all that
// the catalogue does not list.
func New(status int, format string, args ...any) *Error {
	return &Error{Code: Undefined, Status: status, Message: fmt.Sprintf(format, args...), Data: exec.NewObject()}
}

// Invalid returns an UNDEFINED_ERROR of status 422: what was asked for is
// understood and refused.
func Invalid(format string, args ...any) *Error {
	return New(http.StatusUnprocessableEntity, format, args...)
}

// NoNode says that there is no node of an identifier (id, or the parts of an
// hfid) and kind.
func NoNode(identifier, kind string) *Error {
	return &Error{
		Code: NodeNotFound, Status: http.StatusNotFound,
		Message: fmt.Sprintf("Unable to find the node %s / %s in the database.", identifier, kind),
		Data:    exec.NewObject("node_kind", kind, "identifier", identifier),
	}
}

// Required says that a mandatory attribute or relationship has no value.
func Required(kind, field string) *Error {
	return &Error{
		Code: AttributeRequired, Status: http.StatusUnprocessableEntity,
		Message: fmt.Sprintf("%s is mandatory for %s at %s", field, kind, field),
		Data:    exec.NewObject("node_kind", kind, "field_name", field),
		Field:   []any{"data", field},
	}
}

// Denied says that the caller lacks a permission.
func Denied(format string, args ...any) *Error {
	return &Error{
		Code: PermissionDenied, Status: http.StatusForbidden, Message: fmt.Sprintf(format, args...),
		Data: exec.NewObject("action", nil, "resource_kind", nil),
	}
}

// NoBranch says that no branch has a name.
func NoBranch(name string) *Error {
	return &Error{
		Code: BranchNotFound, Status: http.StatusBadRequest, Message: fmt.Sprintf("Branch: %s not found.", name),
		Data: exec.NewObject("branch_name", name),
	}
}

// NoSchema says that no kind has a name.
func NoSchema(kind string) *Error {
	return &Error{
		Code: SchemaNotFound, Status: http.StatusUnprocessableEntity,
		Message: fmt.Sprintf("Unable to find the schema '%s' in the registry", kind),
		Data:    exec.NewObject("kind", kind),
	}
}
