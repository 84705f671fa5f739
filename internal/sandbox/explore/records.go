package explore

import (
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// nodeRecord is a node on a path (type PathNodeType).
func nodeRecord(n *nodes.Node) map[string]any {
	hfid := n.HFID()
	if hfid == nil {
		hfid = []string{}
	}
	label := n.Schema.Label
	if label == "" {
		label = n.Schema.Name
	}
	return map[string]any{
		"id": n.ID, "kind": n.Schema.Name, "label": label, "display_label": n.Label(), "hfid": hfid,
	}
}

// pathRecord is a path (type PathResultType).
func pathRecord(m *model.Model, source *nodes.Node, path []hop) map[string]any {
	hops := []any{map[string]any{"node": nodeRecord(source), "relationship": nil}}
	from := source
	for _, step := range path {
		hops = append(hops, map[string]any{
			"node":         nodeRecord(step.to),
			"relationship": relationshipRecord(between(m, from.Schema, step.to.Schema, step.role), step.role.Identifier),
		})
		from = step.to
	}
	return map[string]any{"depth": len(path), "hops": hops}
}

// relationshipRecord is what a hop follows (type PathRelationshipType). The
// identifier stands for the end at which the kind has no relationship.
func relationshipRecord(e ends, identifier string) map[string]any {
	kind := ""
	switch {
	case e.from != nil:
		kind = e.from.Kind
	case e.to != nil:
		kind = e.to.Kind
	}
	fromName, fromLabel := named(e.from, identifier)
	toName, toLabel := named(e.to, identifier)
	return map[string]any{
		"from_rel": fromName, "from_label": fromLabel, "to_rel": toName, "to_label": toLabel, "kind": kind,
	}
}

func named(r *model.Relationship, identifier string) (name, label string) {
	switch {
	case r == nil:
		return identifier, identifier
	case r.Label == "":
		return r.Name, r.Name
	default:
		return r.Name, r.Label
	}
}
