package library

import (
	"context"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// mapping answers which fields of one kind become which of another.
func mapping(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	g, err := c.Graph()
	if err != nil {
		return nil, err
	}
	source, err := kind(g.Model, f.Arguments["source_kind"])
	if err != nil {
		return nil, err
	}
	target, err := kind(g.Model, f.Arguments["target_kind"])
	if err != nil {
		return nil, err
	}
	fields := &exec.Object{}
	for _, a := range target.Attributes {
		if a.ReadOnly {
			continue
		}
		var from any
		if same := source.Attribute(a.Name); same != nil && same.Kind == a.Kind {
			from = a.Name
		}
		fields.Set(a.Name, field(a.Mandatory(), from, nil))
	}
	for _, r := range target.Relationships {
		var from any
		if same := source.Relationship(r.Name); same != nil && same.Peer == r.Peer && same.Cardinality == r.Cardinality {
			from = r.Name
		}
		fields.Set(r.Name, field(!r.Optional, from, r.Cardinality))
	}
	return map[string]any{"mapping": fields}, nil
}

func field(mandatory bool, from, cardinality any) *exec.Object {
	return exec.NewObject("is_mandatory", mandatory, "source_field_name", from, "relationship_cardinality", cardinality)
}

func kind(m *model.Model, name any) (*model.Kind, error) {
	text, _ := name.(string)
	if k := m.Kind(text); k != nil {
		return k, nil
	}
	return nil, fault.NoSchema(text)
}

// convert replaces a node by one of another kind.
func convert(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	data, _ := f.Arguments["data"].(map[string]any)
	id, _ := data["node_id"].(string)
	fields, _ := data["fields_mapping"].(map[string]any)
	var made *nodes.Node
	err := c.Write(func(w *nodes.Writer) error {
		old := w.Node(id)
		if old == nil {
			return fault.NoNode(id, "node")
		}
		target, err := kind(w.Model, data["target_kind"])
		if err != nil {
			return err
		}
		input, err := converted(old, target, fields)
		if err != nil {
			return err
		}
		if _, err := w.Delete(old.Schema, map[string]any{"id": id}); err != nil {
			return err
		}
		made, err = w.Create(target, input)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "node": whole(made)}, nil
}

// whole is a node with all of its attributes.
func whole(n *nodes.Node) map[string]any {
	fields := map[string]any{"id": n.ID, "type": n.Kind, "__typename": n.Kind, "display_label": n.Label()}
	for _, a := range n.Schema.Attributes {
		stored := n.Attribute(a.Name)
		fields[a.Name] = map[string]any{"value": stored.Value, "is_default": stored.IsDefault, "is_protected": stored.IsProtected}
	}
	return fields
}

// converted is the input that makes the node of another kind: what the mapping
// names, and otherwise what both kinds have alike.
func converted(old *nodes.Node, target *model.Kind, fields map[string]any) (map[string]any, error) {
	input := map[string]any{}
	for _, a := range target.Attributes {
		from, given := source(fields, a.Name)
		switch {
		case a.ReadOnly || given && from == nil:
			continue
		case !given:
			from = a.Name
		}
		name, _ := from.(string)
		if old.Schema.Attribute(name) == nil {
			if given {
				return nil, fault.Invalid("'%s' is not a field of '%s'", name, old.Kind)
			}
			continue
		}
		if stored := old.Attribute(name); !stored.IsDefault && !stored.IsFromProfile {
			input[a.Name] = map[string]any{"value": stored.Value}
		}
	}
	for _, r := range target.Relationships {
		from, given := source(fields, r.Name)
		if given && from == nil || slices.Contains([]string{"Group", "Profile"}, r.Kind) && !given {
			continue
		}
		if !given {
			from = r.Name
		}
		name, _ := from.(string)
		var peers []any
		for _, peer := range old.Related(name) {
			peers = append(peers, map[string]any{"id": peer.ID})
		}
		switch {
		case len(peers) == 0:
		case r.Many():
			input[r.Name] = peers
		default:
			input[r.Name] = peers[0]
		}
	}
	return input, nil
}

// source returns the field that a mapping takes a value from: nil for the
// default, and false when the mapping does not name the field.
func source(fields map[string]any, name string) (from any, given bool) {
	rule, given := fields[name].(map[string]any)
	if !given {
		return nil, false
	}
	if from, ok := rule["source_field"].(string); ok {
		return from, true
	}
	return nil, true
}
