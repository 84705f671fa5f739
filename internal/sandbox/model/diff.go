package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Diff tells what differs between two models, or parts of them, by name. Of
// models these are kinds; of a kind its properties, of which "attributes" and
// "relationships" tell more: their names, and of changed ones the properties.
// What was added is nil there, as is what has no parts.
type Diff struct {
	Added   map[string]*Diff `json:"added"`
	Changed map[string]*Diff `json:"changed"`
	Removed map[string]*Diff `json:"removed"`
}

func newDiff() Diff {
	return Diff{Added: map[string]*Diff{}, Changed: map[string]*Diff{}, Removed: map[string]*Diff{}}
}

// Empty tells whether nothing differs.
func (d *Diff) Empty() bool {
	return len(d.Added)+len(d.Changed)+len(d.Removed) == 0
}

// compare tells what a finished draft changes, and refuses what Infrahub does
// not change in a model.
func compare(m *Model, d *draft) (Diff, error) {
	diff := newDiff()
	for _, k := range d.declared() {
		before := m.byName[k.Name]
		switch {
		case k.absent:
			diff.Removed[k.Name] = nil
		case before == nil:
			added := newDiff()
			diff.Added[k.Name] = &added
		case k.Name != coreNode:
			k.Hash = k.hash()
			if k.Hash == before.Hash {
				continue
			}
			changed, err := compareKinds(before, k)
			if err != nil {
				return Diff{}, err
			}
			if !changed.Empty() {
				diff.Changed[k.Name] = &changed
			}
		}
	}
	if err := d.checkRemovals(diff); err != nil {
		return Diff{}, err
	}
	if err := d.checkSupport(diff); err != nil {
		return Diff{}, err
	}
	return diff, d.checkGenerics(m)
}

// checkGenerics refuses to take a generic away from a kind that implements it:
// its nodes would no longer be what they are.
func (d *draft) checkGenerics(m *Model) error {
	for _, k := range d.of(Node) {
		before := m.byName[k.Name]
		if before == nil || k.absent {
			continue
		}
		var gone []string
		for _, name := range before.InheritFrom {
			if !slices.Contains(k.InheritFrom, name) {
				gone = append(gone, name)
			}
		}
		if len(gone) > 0 {
			return refuse("Node-level 'inherit_from' constraint violation on schema 'SchemaNode'. Node (SchemaNode: %s) is not compliant. The error relates to field inherit_from=%s.",
				before.ID, quoteAll(gone))
		}
	}
	return nil
}

// checkRemovals refuses to remove kinds that others refer to.
func (d *draft) checkRemovals(diff Diff) error {
	gone := func(name string) bool {
		_, ok := diff.Removed[name]
		return ok
	}
	for _, k := range d.all() {
		if k.absent {
			continue
		}
		for _, r := range k.Relationships {
			if gone(r.Peer) {
				return refuse("'%s' has been removed but is still referenced in '%s.%s'; keep it or delete the relationship",
					r.Peer, k.Name, r.Name)
			}
		}
		for _, generic := range k.InheritFrom {
			if gone(generic) {
				return refuse("'%s' has been removed but is still referenced in '%s.inherit_from'; keep it or remove the inherit_from reference",
					generic, k.Name)
			}
		}
	}
	return nil
}

// checkSupport refuses changes that would not fit the nodes there are.
func (d *draft) checkSupport(diff Diff) error {
	var faults []string
	unsupported := func(kind, field string) {
		faults = append(faults, fmt.Sprintf("'not_supported': %s %s None", kind, field))
	}
	for _, name := range sortedKeys(diff.Changed) {
		k := d.byName[name]
		for _, property := range sortedKeys(diff.Changed[name].Changed) {
			switch property {
			case "branch":
				if k.Class == Node {
					unsupported(name, property)
				}
			case "hierarchy", "hierarchical":
				faults = append(faults, fmt.Sprintf(
					"'validator_not_available': %[1]s %[2]s Validator 'node.%[2]s.update' is not available yet", name, property))
			case "attributes", "relationships":
				members := diff.Changed[name].Changed[property].Changed
				for _, member := range sortedKeys(members) {
					if k.Class == Node && k.inherits(member) {
						continue
					}
					for range fixed(members[member]) {
						unsupported(name, member)
					}
				}
			}
		}
	}
	if len(faults) > 0 {
		return refuse("%s", strings.Join(faults, ", "))
	}
	return nil
}

// inherits tells whether a member of the kind is an inherited one.
func (k *Kind) inherits(member string) bool {
	if a := k.Attribute(member); a != nil {
		return a.Inherited
	}
	r := k.Relationship(member)
	return r != nil && r.Inherited
}

// fixed returns the changed properties of a member that Infrahub keeps as they
// are once there are nodes.
func fixed(member *Diff) []string {
	var properties []string
	for property, parts := range member.Changed {
		switch property {
		case "branch", "identifier", "direction", "hierarchical":
			properties = append(properties, property)
		case "parameters":
			if _, ok := parts.Changed["number_pool_id"]; ok {
				properties = append(properties, property)
			}
		}
	}
	return properties
}

// compareKinds tells how a kind differs from what it was.
func compareKinds(before, after *Kind) (Diff, error) {
	a, err := decoded(before)
	if err != nil {
		return Diff{}, err
	}
	b, err := decoded(after)
	if err != nil {
		return Diff{}, err
	}
	diff := newDiff()
	for _, list := range []string{"attributes", "relationships"} {
		members := compareMembers(named(a[list]), named(b[list]))
		if !members.Empty() {
			diff.Changed[list] = &members
		}
	}
	for _, v := range []map[string]any{a, b} {
		for _, property := range []string{"attributes", "relationships", "id", "kind", "hash", "used_by"} {
			delete(v, property)
		}
	}
	own := compareObjects(a, b)
	maps.Copy(diff.Changed, own.Changed)
	return diff, nil
}

// decoded returns the API form of a kind as plain values.
func decoded(k *Kind) (map[string]any, error) {
	data, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("comparing kind %s: %w", k.Name, err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("comparing kind %s: %w", k.Name, err)
	}
	return v, nil
}

// named returns the members of a list by their name.
func named(list any) map[string]map[string]any {
	members := map[string]map[string]any{}
	elements, _ := list.([]any)
	for _, element := range elements {
		if member, ok := element.(map[string]any); ok {
			name, _ := member["name"].(string)
			delete(member, "id")
			members[name] = member
		}
	}
	return members
}

func compareMembers(before, after map[string]map[string]any) Diff {
	diff := newDiff()
	for name, member := range after {
		if before[name] == nil {
			diff.Added[name] = nil
			continue
		}
		if changed := compareObjects(before[name], member); !changed.Empty() {
			diff.Changed[name] = &changed
		}
	}
	for name, member := range before {
		switch {
		case after[name] != nil:
		case member["inherited"] == true:
			// What the generic has no longer is marked before it goes.
			diff.Changed[name] = &Diff{
				Added: map[string]*Diff{}, Changed: map[string]*Diff{"state": nil}, Removed: map[string]*Diff{},
			}
		default:
			diff.Removed[name] = nil
		}
	}
	return diff
}

func compareObjects(before, after map[string]any) Diff {
	diff := newDiff()
	for property, value := range after {
		was, ok := before[property]
		if !ok {
			diff.Added[property] = nil
			continue
		}
		if signature(was) == signature(value) {
			continue
		}
		diff.Changed[property] = nil
		a, aOK := was.(map[string]any)
		b, bOK := value.(map[string]any)
		if aOK && bOK && property != "default_value" {
			parts := compareObjects(a, b)
			// Which parameters there are follows from the kind of attribute.
			clear(parts.Added)
			clear(parts.Removed)
			if diff.Changed[property] = &parts; parts.Empty() {
				delete(diff.Changed, property)
			}
		}
	}
	for property := range before {
		if _, ok := after[property]; !ok {
			diff.Removed[property] = nil
		}
	}
	return diff
}

// signature returns a text that two values share when they are the same but for
// the order of a list.
func signature(v any) string {
	elements, ok := v.([]any)
	if !ok {
		return written(v)
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		texts[i] = written(element)
	}
	slices.Sort(texts)
	return "[" + strings.Join(texts, ", ") + "]"
}
