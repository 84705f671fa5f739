package model

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// draft is a model that is being made. Its kinds are its own.
type draft struct {
	kinds  []*Kind // without order among the classes
	byName map[string]*Kind
	// kept are the names of the kinds that the model had before.
	kept map[string]bool
}

// draft returns a copy of the model to work on. Profiles and templates are left
// out: they are made anew.
func (m *Model) draft() *draft {
	d := &draft{byName: make(map[string]*Kind, len(m.kinds)), kept: make(map[string]bool, len(m.kinds))}
	for _, k := range m.kinds {
		if !k.generated() {
			d.add(k.clone())
			d.kept[k.Name] = true
		}
	}
	return d
}

func (d *draft) add(k *Kind) {
	d.kinds = append(d.kinds, k)
	d.byName[k.Name] = k
}

// of returns the kinds of the given classes, class by class.
func (d *draft) of(classes ...Class) []*Kind {
	kinds := make([]*Kind, 0, len(d.kinds))
	for _, class := range classes {
		for _, k := range d.kinds {
			if k.Class == class {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}

// all returns every kind, in the order of a model.
func (d *draft) all() []*Kind {
	return d.of(Node, Generic, Profile, Template)
}

// declared returns the kinds that are not made from others, generics first.
func (d *draft) declared() []*Kind {
	return slices.DeleteFunc(d.of(Generic, Node), (*Kind).generated)
}

// generic returns the generic of the given name, or nil.
func (d *draft) generic(name string) *Kind {
	if k := d.byName[name]; k != nil && k.Class == Generic {
		return k
	}
	return nil
}

// apply changes the draft as documents say: what they declare of an existing
// kind replaces what it was, and the rest is left alone.
func (d *draft) apply(documents ...*Document) error {
	for _, document := range documents {
		for i := range document.declared.Nodes {
			if err := d.declare(&document.declared.Nodes[i], Node); err != nil {
				return err
			}
		}
	}
	for _, document := range documents {
		for i := range document.declared.Generics {
			if err := d.declare(&document.declared.Generics[i], Generic); err != nil {
				return err
			}
		}
	}
	for _, document := range documents {
		for i := range document.declared.Extensions.Nodes {
			extension := &document.declared.Extensions.Nodes[i]
			k := d.byName[extension.name()]
			if k == nil {
				return unknownKind(extension.name())
			}
			// Infrahub leaves the paths of an extended kind alone, so that
			// what they lead to cannot be removed by an extension. A kind
			// that is extended is not removed.
			k.absent = false
			k.forget(extension)
			k.members(extension)
		}
	}
	return nil
}

// absent is the state of what a document removes.
const absent = "absent"

// declare adds, changes or removes a kind.
func (d *draft) declare(declared *declaredKind, class Class) error {
	name := declared.name()
	if err := d.checkRename(declared); err != nil {
		return err
	}
	k := d.byName[name]
	switch {
	case k == nil && declared.State == absent:
		return nil
	case k == nil:
		k = &Kind{Class: class, Name: name, Namespace: declared.Namespace, ShortName: declared.Name}
		d.add(k)
	case k.Class != class:
		sort := "Node"
		if k.Class == Generic {
			sort = "Generic"
		}
		return refuse("%s already exist in the schema as a %s. Either rename it or delete the existing one.", name, sort)
	}
	k.absent = declared.State == absent
	k.forgetPaths(k.forget(declared))
	k.properties(declared)
	k.members(declared)
	return nil
}

// checkRename refuses ids that belong to a kind or member of another name:
// Infrahub would rename it, and stored nodes with it.
func (d *draft) checkRename(declared *declaredKind) error {
	rename := func(id, from, to string) error {
		if id == "" || from == to {
			return nil
		}
		return refuse("%s has the id of %s: renaming by id is not supported here", to, from)
	}
	for _, k := range d.kinds {
		if k.ID == declared.ID {
			if err := rename(k.ID, k.Name, declared.name()); err != nil {
				return err
			}
		}
	}
	k := d.byName[declared.name()]
	if k == nil {
		return nil
	}
	for i := range declared.Attributes {
		for _, a := range k.Attributes {
			if a.ID == declared.Attributes[i].ID {
				if err := rename(a.ID, k.Name+"."+a.Name, k.Name+"."+declared.Attributes[i].Name); err != nil {
					return err
				}
			}
		}
	}
	for i := range declared.Relationships {
		for _, r := range k.Relationships {
			if r.ID == declared.Relationships[i].ID {
				if err := rename(r.ID, k.Name+"."+r.Name, k.Name+"."+declared.Relationships[i].Name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// properties takes over what is declared of a kind itself.
func (k *Kind) properties(declared *declaredKind) {
	// These can be cleared by an empty text.
	replace(&k.Label, declared.Label)
	replace(&k.Description, declared.Description)
	replace(&k.Documentation, declared.Documentation)
	replace(&k.MenuPlacement, declared.MenuPlacement)
	replace(&k.DefaultFilter, declared.DefaultFilter)
	replace(&k.Icon, declared.Icon)
	replace(&k.DisplayLabel, declared.DisplayLabel)
	replaceList(&k.HumanFriendlyID, declared.HumanFriendlyID)
	replaceList(&k.DisplayLabels, declared.DisplayLabels)
	replaceList(&k.OrderBy, declared.OrderBy)
	if declared.UniquenessConstraints != nil {
		k.UniquenessConstraints = cloneSets(declared.UniquenessConstraints)
	}
	if declared.IncludeInMenu != nil {
		k.IncludeInMenu = declared.IncludeInMenu
	}
	// These are as declared, or as they are by default.
	k.Branch = or(declared.Branch, Aware)
	k.GenerateProfile = declared.GenerateProfile == nil || *declared.GenerateProfile
	if k.Class == Generic {
		k.Hierarchical = declared.Hierarchical
		replaceList(&k.RestrictedNamespaces, declared.RestrictedNamespaces)
		return
	}
	k.InheritFrom = append([]string{}, declared.InheritFrom...)
	k.GenerateTemplate = declared.GenerateTemplate
	k.Parent = place(k.Parent, declared.Parent)
	k.Children = place(k.Children, declared.Children)
}

// place returns the kind above or below in a tree after declared is declared:
// an empty text takes a name away, and nil is filled in later.
func place(before, declared *string) *string {
	switch {
	case declared == nil:
		return before
	case *declared == "" && before != nil && *before != "":
		return nil
	}
	return declared
}

func replace(text *string, declared *string) {
	if declared != nil {
		*text = *declared
	}
}

func replaceList(list *[]string, declared []string) {
	if declared != nil {
		*list = slices.Clone(declared)
	}
}

// or returns the first value that is not empty.
func or[T ~string](value, otherwise T) T {
	if value != "" {
		return value
	}
	return otherwise
}

// forget takes the members that a document removes from the kind and returns
// their names.
func (k *Kind) forget(declared *declaredKind) map[string]bool {
	attributes, relationships := map[string]bool{}, map[string]bool{}
	for i := range declared.Attributes {
		if declared.Attributes[i].State == absent {
			attributes[declared.Attributes[i].Name] = true
		}
	}
	for i := range declared.Relationships {
		if declared.Relationships[i].State == absent {
			relationships[declared.Relationships[i].Name] = true
		}
	}
	k.Attributes = slices.DeleteFunc(k.Attributes, func(a *Attribute) bool { return attributes[a.Name] })
	k.Relationships = slices.DeleteFunc(k.Relationships, func(r *Relationship) bool { return relationships[r.Name] })
	maps.Copy(attributes, relationships)
	return attributes
}

// forgetPaths takes the paths that begin with one of the names out of the kind.
func (k *Kind) forgetPaths(gone map[string]bool) {
	if len(gone) == 0 {
		return
	}
	leads := func(path string) bool {
		first, _, _ := strings.Cut(path, "__")
		return gone[first]
	}
	constraints := k.UniquenessConstraints[:0]
	for _, set := range k.UniquenessConstraints {
		set = slices.DeleteFunc(set, leads)
		same := func(other []string) bool { return slices.Equal(set, other) }
		if len(set) > 0 && !slices.ContainsFunc(constraints, same) {
			constraints = append(constraints, set)
		}
	}
	k.UniquenessConstraints = constraints
	k.HumanFriendlyID = slices.DeleteFunc(k.HumanFriendlyID, leads)
	k.DisplayLabels = slices.DeleteFunc(k.DisplayLabels, leads)
	k.OrderBy = slices.DeleteFunc(k.OrderBy, leads)
	if leads(k.DefaultFilter) {
		k.DefaultFilter = ""
	}
}

// members takes over what is declared of the attributes and relationships.
// What is new comes before what is declared again: the weights of new members
// tell that Infrahub has them in this order. A name that is declared twice gets
// two members, which the check refuses.
func (k *Kind) members(declared *declaredKind) {
	var newAttributes, knownAttributes []*Attribute
	for i := range declared.Attributes {
		d := &declared.Attributes[i]
		if d.State == absent {
			continue
		}
		if a := k.Attribute(d.Name); a != nil {
			a.take(d)
			knownAttributes = append(knownAttributes, a)
			continue
		}
		a := &Attribute{Name: d.Name}
		a.take(d)
		newAttributes = append(newAttributes, a)
	}
	again := func(a *Attribute) bool { return slices.Contains(knownAttributes, a) }
	k.Attributes = slices.Concat(slices.DeleteFunc(k.Attributes, again), newAttributes, knownAttributes)

	var newRelationships, knownRelationships []*Relationship
	for i := range declared.Relationships {
		d := &declared.Relationships[i]
		if d.State == absent {
			continue
		}
		if r := k.Relationship(d.Name); r != nil {
			r.take(d)
			knownRelationships = append(knownRelationships, r)
			continue
		}
		r := &Relationship{Name: d.Name}
		r.take(d)
		newRelationships = append(newRelationships, r)
	}
	againRel := func(r *Relationship) bool { return slices.Contains(knownRelationships, r) }
	k.Relationships = slices.Concat(slices.DeleteFunc(k.Relationships, againRel), newRelationships, knownRelationships)
}

// take takes over what is declared of an attribute. Texts, lists and bounds
// that are not declared stay; flags are as they are by default.
func (a *Attribute) take(declared *declaredAttribute) {
	replace(&a.Label, declared.Label)
	replace(&a.Description, declared.Description)
	replace(&a.Deprecation, declared.Deprecation)
	a.Branch = or(declared.Branch, a.Branch)
	if declared.OrderWeight != nil {
		a.OrderWeight = *declared.OrderWeight
	}
	a.Kind = declared.Kind
	a.Optional, a.Unique, a.ReadOnly = declared.Optional, declared.Unique, declared.ReadOnly
	a.Ordered = declared.Ordered == nil || *declared.Ordered
	a.Inherited = false
	a.AllowOverride = or(declared.AllowOverride, "any")
	a.Display = or(declared.Display, "default")
	if declared.Default.any != nil {
		a.Default = declared.Default.any
	}
	if declared.Enum != nil {
		a.Enum = make([]any, len(declared.Enum))
		for i, v := range declared.Enum {
			a.Enum[i] = v.any
		}
	}
	a.takeChoices(declared.Choices)
	a.takeParameters(declared)
	if c := declared.Computed; c != nil {
		computed := Computed{Kind: c.Kind}
		if a.Computed != nil {
			computed.Template, computed.Transform = a.Computed.Template, a.Computed.Transform
		}
		replace(&computed.Template, c.Template)
		replace(&computed.Transform, c.Transform)
		a.Computed = &computed
	}
}

// takeChoices adds and changes choices. Infrahub removes none.
func (a *Attribute) takeChoices(declared []declaredChoice) {
	for _, c := range declared {
		known := a.Choice(c.Name)
		if known == nil {
			a.Choices = append(a.Choices, Choice{Name: c.Name})
			known = &a.Choices[len(a.Choices)-1]
		}
		replace(&known.Label, c.Label)
		replace(&known.Description, c.Description)
		if c.Color != nil {
			known.Color = strings.ToLower(*c.Color)
		}
	}
}

// takeParameters takes over bounds, from both places where they may stand. Those
// of numbers are dropped when the kind of the attribute has none.
func (a *Attribute) takeParameters(declared *declaredAttribute) {
	p := declared.Parameters
	keep(&p.Regex, declared.Regex)
	keep(&p.MinLength, declared.MinLength)
	keep(&p.MaxLength, declared.MaxLength)
	before := a.Parameters
	keep(&p.Regex, before.Regex)
	keep(&p.MinLength, before.MinLength)
	keep(&p.MaxLength, before.MaxLength)
	a.pattern = nil
	a.Parameters = Parameters{Regex: p.Regex, MinLength: p.MinLength, MaxLength: p.MaxLength}
	switch a.Kind {
	case "Number":
		keep(&p.MinValue, before.MinValue)
		keep(&p.MaxValue, before.MaxValue)
		keep(&p.ExcludedValues, before.ExcludedValues)
		a.Parameters.MinValue, a.Parameters.MaxValue = p.MinValue, p.MaxValue
		a.Parameters.ExcludedValues = p.ExcludedValues
	case "NumberPool":
		first, last := int64(1), int64(math.MaxInt64)
		keep(&p.StartRange, &first)
		keep(&p.EndRange, &last)
		keep(&p.NumberPoolID, before.NumberPoolID)
		a.Parameters.StartRange, a.Parameters.EndRange = p.StartRange, p.EndRange
		a.Parameters.NumberPoolID = p.NumberPoolID
	}
}

// keep gives a bound that is not there another one's value.
func keep[T any](bound **T, other *T) {
	if *bound == nil {
		*bound = other
	}
}

// take takes over what is declared of a relationship, as of an attribute.
func (r *Relationship) take(declared *declaredRelationship) {
	replace(&r.Label, declared.Label)
	replace(&r.Description, declared.Description)
	replace(&r.Deprecation, declared.Deprecation)
	replace(&r.CommonParent, declared.CommonParent)
	replaceList(&r.CommonRelatives, declared.CommonRelatives)
	if declared.OrderWeight != nil {
		r.OrderWeight = *declared.OrderWeight
	}
	r.Identifier = or(declared.Identifier, r.Identifier)
	r.OnDelete = or(declared.OnDelete, r.OnDelete)
	r.Branch = or(declared.Branch, r.Branch)
	r.Peer = declared.Peer
	r.Kind = or(declared.Kind, relGeneric)
	r.Cardinality = or(declared.Cardinality, many)
	r.Direction = or(declared.Direction, bidirectional)
	r.MinCount, r.MaxCount = declared.MinCount, declared.MaxCount
	r.Optional = declared.Optional == nil || *declared.Optional
	r.ReadOnly = declared.ReadOnly
	r.Inherited = false
	r.AllowOverride = or(declared.AllowOverride, "any")
	r.Display = or(declared.Display, "default")
}
