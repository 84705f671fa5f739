package changes

import (
	"cmp"
	"slices"
	"time"

	"infrahub-mcp/internal/sandbox/store"
)

// tree is a diff in the form of the type DiffTree: node by node, by id.
type tree struct {
	counts
	nodes []*treeNode
}

// unchanged is the status of what is in a diff for the sake of its components.
const unchanged store.Action = "UNCHANGED"

// counts counts what is below something in a diff.
type counts struct {
	added, updated, removed, conflicts int
}

func (c *counts) count(a store.Action) {
	switch a {
	case store.Added:
		c.added++
	case store.Updated:
		c.updated++
	case store.Removed:
		c.removed++
	}
}

// into adds the counts to the fields of an object.
func (c *counts) into(fields map[string]any) map[string]any {
	fields["num_added"], fields["num_updated"], fields["num_removed"] = c.added, c.updated, c.removed
	fields["num_conflicts"], fields["contains_conflict"] = c.conflicts, c.conflicts > 0
	return fields
}

// treeNode is of the type DiffNode.
type treeNode struct {
	counts
	id, kind, label, path string
	status                store.Action
	at                    time.Time
	conflict              map[string]any
	attributes            []*treeAttribute
	relationships         []*treeRelationship
	parent                *treeNode
	// component is the name of the relationship of the parent that leads here.
	component string
}

// treeAttribute is of the type DiffAttribute.
type treeAttribute struct {
	counts
	name, path string
	status     store.Action
	at         time.Time
	conflict   map[string]any
	properties []treeProperty
}

// treeRelationship is of the type DiffRelationship.
type treeRelationship struct {
	counts
	name, label, path string
	many              bool
	status            store.Action
	at                time.Time
	elements          []*treeElement
}

// treeElement is of the type DiffSingleRelationship.
type treeElement struct {
	counts
	peer       string
	label      any
	path       string
	status     store.Action
	at         time.Time
	conflict   map[string]any
	properties []treeProperty
}

// treeProperty is of the type DiffProperty. Values and labels are texts, or nil.
type treeProperty struct {
	property      store.Property
	path          string
	status        store.Action
	at            time.Time
	old, new      any
	before, after any // labels
	conflict      map[string]any
}

// tally counts what is below everything, and sorts nodes by id.
func (t *tree) tally() {
	slices.SortFunc(t.nodes, func(a, b *treeNode) int { return cmp.Compare(a.id, b.id) })
	for _, n := range t.nodes {
		n.tally()
		t.count(n.status)
		t.conflicts += n.conflicts
	}
	for _, n := range t.nodes {
		own := n.ownConflicts()
		for p := n.parent; p != nil; p = p.parent {
			p.conflicts += own
		}
	}
}

func (n *treeNode) tally() {
	for _, a := range n.attributes {
		for _, p := range a.properties {
			a.count(p.status)
			a.countConflict(p.conflict)
		}
		a.countConflict(a.conflict)
		n.count(a.status)
	}
	for _, r := range n.relationships {
		for _, e := range r.elements {
			for _, p := range e.properties {
				e.count(p.status)
				e.countConflict(p.conflict)
			}
			e.countConflict(e.conflict)
			r.count(e.status)
			r.conflicts += e.conflicts
		}
		n.count(r.status)
	}
	n.conflicts = n.ownConflicts()
}

func (c *counts) countConflict(conflict map[string]any) {
	if conflict != nil {
		c.conflicts++
	}
}

// ownConflicts counts the conflicts of a node without those of its components.
func (n *treeNode) ownConflicts() int {
	var own counts
	own.countConflict(n.conflict)
	for _, a := range n.attributes {
		own.conflicts += a.conflicts
	}
	for _, r := range n.relationships {
		own.conflicts += r.conflicts
	}
	return own.conflicts
}

func (n *treeNode) fields() map[string]any {
	fields := map[string]any{
		"uuid": n.id, "kind": n.kind, "label": n.label, "status": string(n.status), "path_identifier": n.path,
		"conflict": n.conflict, "last_changed_at": written(n.at),
	}
	attributes := make([]map[string]any, len(n.attributes))
	for i, a := range n.attributes {
		attributes[i] = a.into(map[string]any{
			"name": a.name, "status": string(a.status), "path_identifier": a.path, "last_changed_at": written(a.at),
			"conflict": a.conflict, "properties": propertyFields(a.properties),
		})
	}
	relationships := make([]map[string]any, len(n.relationships))
	for i, r := range n.relationships {
		relationships[i] = r.fields()
	}
	fields["attributes"], fields["relationships"] = attributes, relationships
	if n.parent != nil {
		fields["parent"] = map[string]any{"uuid": n.parent.id, "kind": n.parent.kind, "relationship_name": n.component}
	}
	return n.into(fields)
}

func (r *treeRelationship) fields() map[string]any {
	elements := make([]map[string]any, len(r.elements))
	for i, e := range r.elements {
		elements[i] = e.into(map[string]any{
			"status": string(e.status), "peer_id": e.peer, "peer_label": e.label, "path_identifier": e.path,
			"last_changed_at": written(e.at), "conflict": e.conflict, "properties": propertyFields(e.properties),
		})
	}
	cardinality := "ONE"
	if r.many {
		cardinality = "MANY"
	}
	return r.into(map[string]any{
		"name": r.name, "label": r.label, "cardinality": cardinality, "status": string(r.status), "path_identifier": r.path,
		"last_changed_at": written(r.at), "elements": elements,
	})
}

func propertyFields(properties []treeProperty) []map[string]any {
	fields := make([]map[string]any, len(properties))
	for i, p := range properties {
		fields[i] = map[string]any{
			"property_type": string(p.property), "status": string(p.status), "path_identifier": p.path,
			"last_changed_at": written(p.at), "previous_value": p.old, "new_value": p.new,
			"previous_label": p.before, "new_label": p.after, "conflict": p.conflict,
		}
	}
	return fields
}

// written is a time as an answer holds it, nil for none.
func written(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.Format(store.TimeLayout)
}
