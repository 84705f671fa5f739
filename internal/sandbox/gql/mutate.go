package gql

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Mutate answers the mutation of a kind: verb is Create, Update, Upsert or
// Delete. The value has the members ok and object, the latter a *nodes.Node but
// for what Answer hides of it.
func Mutate(verb string, k *model.Kind) Resolve {
	return func(_ context.Context, c *Call, f exec.Field) (any, error) {
		data, _ := f.Arguments["data"].(map[string]any)
		var n *nodes.Node
		created := false
		err := c.Write(func(w *nodes.Writer) error {
			kind := w.Model.Kind(k.Name)
			if kind == nil {
				return fault.NoSchema(k.Name)
			}
			var err error
			switch verb {
			case "Create":
				n, err = w.Create(kind, data)
				created = true
			case "Update":
				n, err = w.Update(kind, data)
			case "Upsert":
				n, created, err = w.Upsert(kind, data)
			case "Delete":
				_, err = w.Delete(kind, data)
			default:
				err = fmt.Errorf("no mutation %q", verb)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if n == nil {
			return map[string]any{"ok": true}, nil
		}
		if created {
			return map[string]any{"ok": true, "object": n}, nil
		}
		return map[string]any{"ok": true, "object": updated{n, data}}, nil
	}
}

// updated is a node as the mutations that change nodes answer it: of the
// relationships of cardinality one it shows only those that were in the input, and
// it does not show who changed the attributes that were. So it is in Infrahub
// 1.11, and clients have to know.
type updated struct {
	node *nodes.Node
	data map[string]any
}

func (u updated) field(r *resolver, f exec.Field) (any, error) {
	name := f.Definition.Name
	relationship := u.node.Schema.Relationship(name)
	if relationship != nil && !relationship.Many() && !u.mentions(name) {
		return edge{link: &nodes.Link{}}, nil
	}
	value, err := r.node(u.node, f)
	if a, ok := value.(attribute); ok && u.mentions(name) {
		a.stored.UpdatedBy = ""
		return a, err
	}
	return value, err
}

// mentions tells whether the input says something of a relationship: by its name,
// or as a part of the human-friendly id.
func (u updated) mentions(relationship string) bool {
	if _, named := u.data[relationship]; named {
		return true
	}
	return u.data["hfid"] != nil && slices.ContainsFunc(u.node.Schema.HumanFriendlyID, func(path string) bool {
		return strings.HasPrefix(path, relationship+"__")
	})
}

// Type names the kind of the node.
func (u updated) Type() string { return u.node.Schema.Name }

// NodeOf returns the node that a mutation answers, nil if it answers none.
func NodeOf(answer any) *nodes.Node {
	members, _ := answer.(map[string]any)
	switch object := members["object"].(type) {
	case *nodes.Node:
		return object
	case updated:
		return object.node
	}
	return nil
}

// Relate answers the mutations RelationshipAdd and RelationshipRemove.
func Relate(join func(w *nodes.Writer, id, relationship string, peers []any) (*nodes.Node, error)) Resolve {
	return func(_ context.Context, c *Call, f exec.Field) (any, error) {
		data, _ := f.Arguments["data"].(map[string]any)
		id, ok := data["id"].(string)
		if !ok {
			id = "None" // what Python prints for none
		}
		name, _ := data["name"].(string)
		peers, _ := data["nodes"].([]any)
		err := c.Write(func(w *nodes.Writer) error {
			_, err := join(w, id, name, peers)
			return err
		})
		if err != nil {
			return nil, err
		}
		return map[string]any{"ok": true}, nil
	}
}

// Relationships are the mutations of relationships.
func Relationships() Fields {
	return Fields{"RelationshipAdd": Relate((*nodes.Writer).Add), "RelationshipRemove": Relate((*nodes.Writer).Remove)}
}

func errNotInSandbox(field string) error {
	return fault.New(http.StatusNotImplemented, "The sandbox does not answer '%s'", field)
}
