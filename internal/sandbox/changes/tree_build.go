package changes

import (
	"cmp"
	"slices"
	"time"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// tree brings a comparison into the form in which Infrahub tells of it.
func (x *comparison) tree() *tree {
	b := treeBuilder{x, map[store.Place]map[string]any{}}
	for _, conflict := range x.diff.Conflicts {
		b.conflicts[conflict.Place] = x.describe(conflict)
	}
	t := &tree{}
	for _, change := range x.diff.Nodes {
		if n := b.node(change); n != nil {
			t.nodes = append(t.nodes, n)
		}
	}
	b.addParents(t)
	t.tally()
	return t
}

// treeBuilder makes the nodes of a tree.
type treeBuilder struct {
	*comparison
	conflicts map[store.Place]map[string]any
}

// node is nil when nothing is left that anybody could see.
func (b treeBuilder) node(change store.NodeChange) *treeNode {
	before, after := b.before.Node(change.ID), b.after.Node(change.ID)
	shown := cmp.Or(after, before)
	if shown == nil {
		return nil // of a kind that no schema has any more
	}
	n := &treeNode{
		id: change.ID, kind: change.Kind, path: "data/" + change.ID, status: change.Action,
		conflict: b.conflicts[store.Place{Node: change.ID}],
	}
	switch change.Action {
	case store.Removed:
		n.at = change.At
		n.label, _ = labelOf(change.ID, b.base, b.before).(string)
	case store.Added:
		n.at, n.label = after.CreatedAt, after.Label()
	default:
		n.at, n.label = shown.CreatedAt, shown.Label()
	}
	n.attributes = b.attributes(change, shown.Schema, before, after)
	n.relationships = b.relationships(change, n)
	if change.Action == store.Updated && len(n.attributes) == 0 && len(n.relationships) == 0 {
		return nil
	}
	return n
}

// attributes lists those that changed, and all of a node that came or went. The
// human-friendly id and the display label are among them: Infrahub keeps them as
// attributes.
func (b treeBuilder) attributes(change store.NodeChange, k *model.Kind, before, after *nodes.Node) []*treeAttribute {
	var attributes []*treeAttribute
	for _, c := range b.attributeChanges(change, k, before, after) {
		a := &treeAttribute{name: c.Name, path: "data/" + change.ID + "/" + c.Name, status: c.Action, at: c.At}
		if c.Action == store.Updated && before != nil {
			a.at = before.CreatedAt
		}
		a.properties = b.attributeProperties(change.ID, c, a)
		if len(a.properties) > 0 {
			attributes = append(attributes, a)
		}
	}
	slices.SortFunc(attributes, func(a, b *treeAttribute) int { return cmp.Compare(a.name, b.name) })
	return attributes
}

func (b treeBuilder) attributeChanges(change store.NodeChange, k *model.Kind, before, after *nodes.Node) []store.AttributeChange {
	changes := slices.Clone(change.Attributes)
	add := func(name string, old, now *store.Attribute) {
		c := store.AttributeChange{Name: name, Action: change.Action, Old: old, New: now, At: change.At}
		if change.Action == store.Updated {
			c.Properties = []store.Property{store.PropertyValue}
		}
		changes = append(changes, c)
	}
	if change.Action != store.Updated {
		for _, a := range k.Attributes {
			known := slices.ContainsFunc(changes, func(c store.AttributeChange) bool { return c.Name == a.Name })
			if known || a.Branch != model.Aware {
				continue
			}
			if change.Action == store.Added {
				add(a.Name, nil, &store.Attribute{Value: a.Default})
			} else {
				add(a.Name, &store.Attribute{Value: a.Default}, nil)
			}
		}
	}
	oldLabel, oldHFID := shownNames(before)
	label, hfid := shownNames(after)
	if !sameValue(oldLabel, label) {
		add("display_label", oldLabel, label)
	}
	if !sameValue(oldHFID, hfid) {
		add("human_friendly_id", oldHFID, hfid)
	}
	return changes
}

// shownNames gives the display label and the human-friendly id of a node as
// attributes.
func shownNames(n *nodes.Node) (label, hfid *store.Attribute) {
	if n == nil {
		return nil, nil
	}
	id := &store.Attribute{}
	if parts := n.HFID(); parts != nil {
		id.Value = hfidText(parts)
	}
	return &store.Attribute{Value: n.Label()}, id
}

func sameValue(a, b *store.Attribute) bool {
	if a == nil || b == nil {
		return a == b
	}
	return valueText(a.Value) == valueText(b.Value)
}

// attributeProperties lists the properties of an attribute that changed. The
// conflict about its value goes to the attribute.
func (b treeBuilder) attributeProperties(node string, c store.AttributeChange, a *treeAttribute) []treeProperty {
	var properties []treeProperty
	for _, p := range parts(c.Action, c.Properties, store.PropertyValue, propertiesOf(c.Old, c.New)) {
		path, conflict := a.path+"/property/"+string(p), b.conflicts[store.Place{Node: node, Attribute: c.Name, Property: p}]
		var property treeProperty
		if p == store.PropertyValue {
			path = a.path + "/value"
			a.conflict, conflict = conflict, nil
			property = b.value(c)
		} else {
			property = b.property(p, propertiesIn(c.Old), propertiesIn(c.New))
		}
		if property.status == unchanged {
			continue
		}
		property.path, property.at, property.conflict = path, c.At, conflict
		properties = append(properties, property)
	}
	return properties
}

// value tells how a value changed. In a node that went, no value has become no
// value.
func (b treeBuilder) value(c store.AttributeChange) treeProperty {
	p := treeProperty{property: store.PropertyValue, status: c.Action}
	if c.Old != nil {
		p.old = valueText(c.Old.Value)
	}
	if c.New != nil {
		p.new = valueText(c.New.Value)
	}
	null := any(valueText(nil))
	switch {
	case c.Action == store.Removed && p.old == null:
		p.new = null
	case c.Action != store.Updated:
	case p.old == p.new:
		p.status = unchanged
	case p.old == null:
		p.status = store.Added
	case p.new == null:
		p.status = store.Removed
	}
	return p
}

// property tells how a property other than the value changed. Either side is nil
// where there is nothing.
func (b treeBuilder) property(p store.Property, old, now *store.Properties) treeProperty {
	of := func(side *store.Properties) any {
		if side == nil {
			return nil
		}
		switch p {
		case store.PropertyProtected:
			return boolText(side.IsProtected)
		case store.PropertySource:
			return textOrNil(side.Source)
		default:
			return textOrNil(side.Owner)
		}
	}
	property := treeProperty{property: p, old: of(old), new: of(now)}
	property.status = actionOf(property.old, property.new)
	if p != store.PropertyProtected {
		b.label(&property)
	}
	return property
}

// label names the nodes that a property leads from and to.
func (b treeBuilder) label(p *treeProperty) {
	if id, ok := p.old.(string); ok {
		p.before = labelOf(id, b.base)
	}
	if id, ok := p.new.(string); ok {
		p.after = labelOf(id, b.after)
	}
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// actionOf tells what happened from one value to another.
func actionOf(old, now any) store.Action {
	switch {
	case old == now:
		return unchanged
	case old == nil:
		return store.Added
	case now == nil:
		return store.Removed
	default:
		return store.Updated
	}
}

// parts lists the properties to tell of: those that changed, or all there are of
// something that came or went.
func parts(a store.Action, changed []store.Property, first store.Property, of store.Properties) []store.Property {
	if a == store.Updated {
		return changed
	}
	all := []store.Property{first, store.PropertyProtected}
	if of.Source != "" {
		all = append(all, store.PropertySource)
	}
	if of.Owner != "" {
		all = append(all, store.PropertyOwner)
	}
	return all
}

func propertiesIn(a *store.Attribute) *store.Properties {
	if a == nil {
		return nil
	}
	return &a.Properties
}

func propertiesOf(old, now *store.Attribute) store.Properties {
	if p := cmp.Or(propertiesIn(now), propertiesIn(old)); p != nil {
		return *p
	}
	return store.Properties{}
}

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
