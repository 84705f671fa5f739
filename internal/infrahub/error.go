package infrahub

import (
	"context"
	"errors"
	"time"
)

// Error is every fault of this package: one the server answered with, or one
// that kept it from answering. It matches its Kind with [errors.Is] and
// unwraps to its cause.
type Error struct {
	// Kind says what sort of fault it is.
	Kind Kind
	// Message is plain text of at most a thousand characters or so, without
	// control characters, the query or a credential.
	Message string
	// HTTPStatus is the status of the answer, 0 when there was none. GraphQL
	// answers 200 once it has begun to run a query, whatever becomes of it.
	HTTPStatus int
	// Code is the name of the fault in the server's catalogue, such as
	// NODE_NOT_FOUND; "" from servers before 1.10 and from REST.
	Code string
	// Path is where in a GraphQL query the fault arose, nil when it did not
	// arise at one place.
	Path []string
	// Details are the faults as the server lists them, at most 100.
	Details []Fault
	// RetryAfter is how long the server asks to wait, 0 when it does not say.
	RetryAfter time.Duration
	// RequestID is the X-Request-ID that was sent, to find the request in the
	// server's log; "" when nothing was sent.
	RequestID string

	cause error
}

// Fault is one entry of the list of faults in an answer of the server.
type Fault struct {
	Message string
	// Code is as in Error.
	Code string
	// Status is the HTTP status that the server gives the fault in the body, 0
	// when it gives none.
	Status int
	// Path leads to the field of the query at fault. Indexes of lists are
	// written as numbers.
	Path []string
	// Data is what the catalogue adds, such as node_kind and field_name.
	Data map[string]any
	// Locations are places in the text of the query.
	Locations []Location
}

// Location is a place in the text of a query; both numbers start at 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, nil for a fault the server answered with.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the Kind of the error.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// Unavailable reports whether the server could not be reached or did not
// answer in time, whatever was asked.
func Unavailable(err error) bool {
	return errors.Is(err, Unreachable) || errors.Is(err, Timeout) || errors.Is(err, Redirected)
}

// Passing reports whether an error says nothing of what was asked for, but that
// Infrahub cannot tell now.
func Passing(err error) bool {
	return Unavailable(err) || errors.Is(err, Overloaded) || errors.Is(err, ServerFault)
}

// Unauthorized reports whether the credential is missing, not accepted or
// expired. A caller that merely lacks a permission is [Forbidden].
func Unauthorized(err error) bool {
	return errors.Is(err, Unauthenticated) || errors.Is(err, TokenExpired)
}

// gaveUp returns the error for a caller that waits no longer. ctx has ended.
func gaveUp(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Kind: Timeout, Message: "Infrahub did not answer before the time limit of the request.", cause: ctx.Err()}
	}
	return &Error{Kind: Canceled, Message: "The request to Infrahub was canceled.", cause: ctx.Err()}
}
