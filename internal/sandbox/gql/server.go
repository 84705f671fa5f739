package gql

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
)

// Server answers GraphQL requests. Set its fields before the first one.
type Server struct {
	// Schemas holds the GraphQL schemas of the branches.
	Schemas *sdl.Cache
	// Queries and Mutations are the fields that are not those of kinds, or take
	// the place of them.
	Queries, Mutations Fields

	// Permit is asked before an operation is executed. Its error is that of
	// Execute.
	Permit func(*Call, *model.Model, *ast.OperationDefinition, ast.FragmentDefinitionList) error
	// Guard is asked before each field of a mutation.
	Guard func(c *Call, field string) error
	// Override tells whether the caller may write in the name of another
	// account.
	Override func(c *Call, account string) error
	// Permissions gives the value of `permissions` beside a list of a kind, and
	// MayUpdate that of `update_value` of the attributes of one.
	Permissions func(c *Call, k *model.Kind) (any, error)
	MayUpdate   func(c *Call, k *model.Kind) (any, error)
}

// Execute answers a request. The errors are exec.ErrSyntax, those of
// nodes.Base.Read, and that of Permit; all others are in the response.
func (s *Server) Execute(ctx context.Context, c *Call, r exec.Request) (*exec.Response, error) {
	m, err := c.Base.Model(c.Branch)
	if err != nil {
		return nil, err
	}
	schema, err := s.Schemas.Schema(m.Hash(), func() (*sdl.Model, error) { return described(m), nil })
	if err != nil {
		return nil, err
	}
	if _, err := c.Graph(); err != nil { // a time before all data
		return nil, err
	}
	r.Permit = func(operation *ast.OperationDefinition, fragments ast.FragmentDefinitionList) error {
		return s.Permit(c, m, operation, fragments)
	}
	return exec.Execute(ctx, schema.AST, r, &resolver{server: s, call: c, model: m, schema: schema})
}

// Schema returns the GraphQL schema of a model.
func (s *Server) Schema(m *model.Model) (*sdl.Schema, error) {
	return s.Schemas.Schema(m.Hash(), func() (*sdl.Model, error) { return described(m), nil })
}

// Merge returns all the given fields in one.
func Merge(all ...Fields) Fields {
	merged := Fields{}
	for _, fields := range all {
		maps.Copy(merged, fields)
	}
	return merged
}

// resolver resolves the fields of one request.
type resolver struct {
	server *Server
	call   *Call
	model  *model.Model
	schema *sdl.Schema
}

// Field implements exec.Resolver.
func (r *resolver) Field(ctx context.Context, parent any, f exec.Field) (any, error) {
	switch p := parent.(type) {
	case nil:
		if f.On == r.schema.AST.Mutation {
			return r.mutation(ctx, f)
		}
		return r.query(ctx, f)
	case Record:
		return p.Field(ctx, r.call, f)
	case *nodes.Node:
		return r.node(p, f)
	case *nodes.Page:
		return r.page(p, f)
	case map[string]any:
		return p[f.Definition.Name], nil
	case *exec.Object:
		return p.Get(f.Definition.Name), nil
	case plain:
		return p.value(f.Definition.Name), nil
	case inResolver:
		return p.field(r, f)
	}
	return nil, nil
}

// plain is an object of this package that needs nothing but its data.
type plain interface {
	value(name string) any
}

// inResolver is an object of this package that needs more.
type inResolver interface {
	field(r *resolver, f exec.Field) (any, error)
}

// Type implements exec.Resolver.
func (r *resolver) Type(value any) string {
	switch v := value.(type) {
	case *nodes.Node:
		return v.Schema.Name
	case Typed:
		return v.Type()
	case map[string]any:
		name, _ := v["__typename"].(string)
		return name
	}
	return ""
}

// Introspect implements exec.Introspector.
func (r *resolver) Introspect(fields []*ast.Field, variables map[string]any) (json.RawMessage, error) {
	return r.schema.Introspect(fields, variables)
}

func (r *resolver) query(ctx context.Context, f exec.Field) (any, error) {
	name := f.Definition.Name
	if resolve, ok := r.server.Queries[name]; ok {
		return resolve(ctx, r.call, f)
	}
	if r.model.Kind(name) == nil {
		return nil, errNotInSandbox(name)
	}
	return List(ctx, r.call, f)
}

// List answers the list of a kind, in Query: the field has the name of the kind.
func List(_ context.Context, c *Call, f exec.Field) (any, error) {
	g, err := c.Graph()
	if err != nil {
		return nil, err
	}
	kind := g.Model.Kind(f.Definition.Name)
	if kind == nil {
		return nil, fault.NoSchema(f.Definition.Name)
	}
	return g.Select(kind, f.Arguments)
}

func (r *resolver) mutation(ctx context.Context, f exec.Field) (any, error) {
	name := f.Definition.Name
	if err := r.server.Guard(r.call, name); err != nil {
		return nil, err
	}
	call := r.call
	if account := contextAccount(f.Arguments); account != "" && account != call.Caller.ID {
		if err := r.server.Override(call, account); err != nil {
			return nil, err
		}
		other, caller := *call, *call.Caller
		caller.ID = account
		other.Caller = &caller
		call = &other
	}
	if resolve, ok := r.server.Mutations[name]; ok {
		return resolve(ctx, call, f)
	}
	for _, verb := range []string{"Create", "Update", "Upsert", "Delete"} {
		if base, ok := strings.CutSuffix(name, verb); ok {
			if kind := r.model.Kind(base); kind != nil {
				return Mutate(verb, kind)(ctx, call, f)
			}
		}
	}
	return nil, errNotInSandbox(name)
}

// contextAccount returns the account that a mutation is to be made in the name
// of, if it names one.
func contextAccount(arguments map[string]any) string {
	given, _ := arguments["context"].(map[string]any)
	account, _ := given["account"].(map[string]any)
	id, _ := account["id"].(string)
	return id
}

// described is the node schema in the form that a GraphQL schema is made of.
func described(m *model.Model) *sdl.Model {
	kinds := func(of []*model.Kind) []sdl.Kind {
		described := make([]sdl.Kind, len(of))
		for i, k := range of {
			described[i] = describedKind(k)
		}
		return described
	}
	api := m.API()
	return &sdl.Model{
		Nodes: kinds(api.Nodes), Generics: kinds(api.Generics), Profiles: kinds(api.Profiles), Templates: kinds(api.Templates),
	}
}

func describedKind(k *model.Kind) sdl.Kind {
	kind := sdl.Kind{
		Name: k.Name, Namespace: k.Namespace, Description: k.Description, DisplayLabel: k.DisplayLabel,
		HumanFriendlyID: k.HumanFriendlyID, InheritFrom: slices.Clone(k.InheritFrom),
		Hierarchy: k.Hierarchy, Hierarchical: k.Hierarchical,
	}
	for _, a := range k.Attributes {
		kind.Attributes = append(kind.Attributes, sdl.Attribute{
			Name: a.Name, Kind: a.Kind, Description: a.Description, Optional: a.Optional, ReadOnly: a.ReadOnly, Inherited: a.Inherited,
		})
	}
	for _, r := range k.Relationships {
		kind.Relationships = append(kind.Relationships, sdl.Relationship{
			Name: r.Name, Kind: r.Kind, Peer: r.Peer, Cardinality: r.Cardinality, Description: r.Description, ReadOnly: r.ReadOnly,
		})
	}
	return kind
}
