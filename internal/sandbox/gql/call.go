// Package gql answers GraphQL requests from the nodes of a sandbox.
//
// The fields that every kind has (its list, and the mutations that create,
// update, upsert and delete its nodes) are answered here. Those of one topic
// (branches, diffs, addresses, tasks, …) come from the packages of the topics,
// as Fields, by the name they have in the types Query and Mutation.
package gql

import (
	"context"
	"time"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Call is one GraphQL request.
type Call struct {
	Base *nodes.Base
	// Branch is the branch that the request was sent to, and At the time it asks
	// for, zero for now.
	Branch string
	At     time.Time
	Caller *access.Caller
}

// Graph returns the branch at the time that the call asks for. Mutations see what
// earlier ones of the same call have written, so it is read anew each time.
func (c *Call) Graph() (*nodes.Graph, error) { return c.Base.Read(c.Branch, c.At) }

// Write runs a transaction on the branch of the call in the name of its caller.
func (c *Call) Write(write func(*nodes.Writer) error) error {
	return c.Base.Write(c.Branch, c.Caller.ID, write)
}

// Fields are fields of the types Query or Mutation, by name.
type Fields map[string]Resolve

// Resolve returns the value of a field:
//
//   - a *nodes.Node where the schema has the type of a kind or an interface,
//   - a *nodes.Page where it has the list of a kind (a "Paginated" type),
//   - a Record or a map[string]any where it has any other object type,
//   - a slice of these, or what encoding/json writes for scalars and enums.
type Resolve func(ctx context.Context, c *Call, f exec.Field) (any, error)

// Record is an object whose fields need the arguments or the selection of the
// query. Maps do for objects that do not.
type Record interface {
	Field(ctx context.Context, c *Call, f exec.Field) (any, error)
}

// Typed is a Record, or anything else, that stands where the schema has an
// interface or a union: it names its type. A map does so by its member
// "__typename".
type Typed interface {
	Type() string
}
