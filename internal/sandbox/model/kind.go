package model

import (
	"regexp"
	"slices"
)

// Kind describes one kind of node. Texts that Infrahub does not give are
// empty; lists are nil where it answers null.
type Kind struct {
	Class Class
	// ID is the id of the kind itself, a UUID made from its name. Profiles
	// and templates have none.
	ID string
	// Name is the full name, Namespace followed by ShortName: DcimDevice.
	Name, Namespace, ShortName string

	Label, Description, Documentation, Icon, MenuPlacement string

	Branch BranchSupport
	// IncludeInMenu is nil for kinds that describe the schema itself.
	IncludeInMenu *bool

	// Attributes and Relationships are in the order they were declared:
	// first the kind's own, then inherited ones, then those Infrahub adds.
	// The order in which they are shown is that of OrderWeight.
	Attributes    []*Attribute
	Relationships []*Relationship

	// HumanFriendlyID lists the paths that make up the human-friendly id
	// (hfid) of a node, such as "device__name__value", "name__value".
	HumanFriendlyID []string
	// DisplayLabel is the Jinja2 text that the display label of a node is
	// made from, or the path of one attribute.
	DisplayLabel string
	// DisplayLabels is the deprecated form of DisplayLabel: paths.
	DisplayLabels []string
	// OrderBy lists the paths by which nodes are ordered by default, each
	// with an optional suffix __asc or __desc.
	OrderBy []string
	// DefaultFilter is the deprecated form of a human-friendly id.
	DefaultFilter string
	// UniquenessConstraints lists the sets of paths whose values no two nodes
	// share, those of single unique attributes included. A relationship
	// stands in it by its name alone.
	UniquenessConstraints [][]string

	// InheritFrom lists the generics that a kind implements.
	InheritFrom []string
	// GenerateProfile and GenerateTemplate say whether there is a profile and
	// a template for nodes of the kind.
	GenerateProfile, GenerateTemplate bool

	// Hierarchical is true for a generic whose nodes form a tree.
	Hierarchical bool
	// Hierarchy is the hierarchical generic that a node kind is part of.
	Hierarchy string
	// Parent and Children are the kinds above and below in the tree: nil for
	// a kind that is in none, empty at its top and bottom.
	Parent, Children *string

	// UsedBy lists the kinds that implement a generic, sorted.
	UsedBy []string
	// RestrictedNamespaces lists the only namespaces whose kinds may
	// implement a generic; nil is all of them.
	RestrictedNamespaces []string

	// Hash identifies the content of the kind.
	Hash string

	// absent marks a kind that a document removes, until that is done.
	absent bool
}

// Class says what sort of kind a kind is.
type Class string

// The classes are the lists of GET /api/schema.
const (
	// Node is a kind that has nodes of its own.
	Node Class = "node"
	// Generic is what several kinds have in common; its nodes are theirs.
	Generic Class = "generic"
	// Profile holds values that nodes of another kind take over.
	Profile Class = "profile"
	// Template is a pattern from which nodes of another kind are made.
	Template Class = "template"
)

// BranchSupport says on which branches a change takes effect.
type BranchSupport string

const (
	// Aware data differs between branches until they are merged.
	Aware BranchSupport = "aware"
	// Agnostic data is the same on every branch.
	Agnostic BranchSupport = "agnostic"
	// Local data stays on its branch and is not merged.
	Local BranchSupport = "local"
)

// Attribute is a value that nodes of a kind hold.
type Attribute struct {
	ID   string // empty for an inherited one
	Name string
	// Kind is the kind of value: Text, Number, Dropdown, IPHost, …
	Kind               string
	Label, Description string
	Branch             BranchSupport
	OrderWeight        int

	Optional  bool
	Unique    bool
	ReadOnly  bool
	Inherited bool // from a generic
	// Ordered tells whether the order of the elements of a List matters.
	Ordered bool

	// Default is nil, bool, string, int64, float64, []any or map[string]any.
	Default any
	// Enum lists the only values allowed, of the same types as Default.
	Enum []any
	// Choices are the values of a Dropdown, in descending order of names.
	Choices    []Choice
	Parameters Parameters
	// Computed is set when the value is computed.
	Computed *Computed

	// AllowOverride is "any", or "none" when kinds that inherit the attribute
	// may not declare it themselves.
	AllowOverride string
	// Display is "default", or "extra" for what is shown on demand.
	Display string
	// Deprecation is empty, or says what to use instead.
	Deprecation string

	pattern *regexp.Regexp
}

// Mandatory tells whether a new node must be given a value.
func (a *Attribute) Mandatory() bool {
	return !a.Optional && a.Default == nil
}

// Choice returns the choice of the given name, or nil.
func (a *Attribute) Choice(name string) *Choice {
	for i := range a.Choices {
		if a.Choices[i].Name == name {
			return &a.Choices[i]
		}
	}
	return nil
}

// Parameters bound the values of an attribute; what is nil does not bound them.
// MinValue, MaxValue and ExcludedValues are those of a Number, StartRange,
// EndRange and NumberPoolID those of a NumberPool.
type Parameters struct {
	// Regex is a Python regular expression; a value matches it from its
	// beginning, not necessarily to its end.
	Regex *string
	// MinLength and MaxLength count characters, or elements of a list.
	MinLength, MaxLength *int64
	MinValue, MaxValue   *int64
	// ExcludedValues lists numbers and ranges not allowed: "100,150-200".
	ExcludedValues *string
	// StartRange and EndRange bound the numbers that a pool hands out.
	StartRange, EndRange *int64
	NumberPoolID         *string
}

// Choice is one value of a Dropdown. Name is the value that is stored and
// filtered by; Color is of the form "#7fbf7f".
type Choice struct {
	Name, Label, Description, Color string
}

// Computed says how the value of an attribute is computed.
type Computed struct {
	// Kind is Jinja2, TransformPython or User.
	Kind string
	// Template is the text of kind Jinja2.
	Template string
	// Transform is the name or id of the transformation of TransformPython.
	Transform string
}

// Relationship links nodes of a kind to nodes of its peer kind.
type Relationship struct {
	ID   string // empty for an inherited or generated one
	Name string
	// Kind is Attribute, Component, Generic, Group, Hierarchy, Parent,
	// Profile or Template.
	Kind string
	// Peer is the full name of the kind, often a generic, at the other end.
	Peer               string
	Label, Description string
	// Identifier is common to the two ends of one relationship.
	Identifier string
	// Cardinality is "one" or "many".
	Cardinality string
	// Direction is "bidirectional", "outbound" or "inbound"; the other end of
	// an outbound one is inbound.
	Direction string
	// OnDelete is what deleting a node does to its peers: "no-action" or
	// "cascade".
	OnDelete string
	// Hierarchical is the hierarchical generic when the relationship is part
	// of a tree.
	Hierarchical string
	// CommonParent names the relationship of the peer that must lead to the
	// same node as the parent relationship here.
	CommonParent string
	// CommonRelatives names relationships of the peer that must lead to the
	// same nodes for all peers.
	CommonRelatives []string
	Branch          BranchSupport
	OrderWeight     int // 0 for none

	// MinCount and MaxCount bound the number of peers; MaxCount 0 is no bound.
	MinCount, MaxCount int64

	Optional  bool
	ReadOnly  bool
	Inherited bool // from a generic

	AllowOverride, Display, Deprecation string // as of an Attribute
}

// Many tells whether a node can have several peers.
func (r *Relationship) Many() bool {
	return r.Cardinality == many
}

// The values of relationships that the rules of this package speak of.
const (
	one  = "one"
	many = "many"

	bidirectional = "bidirectional"
	inbound       = "inbound"
	outbound      = "outbound"

	cascade  = "cascade"
	noAction = "no-action"

	relAttribute = "Attribute"
	relComponent = "Component"
	relGeneric   = "Generic"
	relGroup     = "Group"
	relHierarchy = "Hierarchy"
	relParent    = "Parent"
	relProfile   = "Profile"
	relTemplate  = "Template"
)

// Attribute returns the attribute of the given name, or nil.
func (k *Kind) Attribute(name string) *Attribute {
	for _, a := range k.Attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Relationship returns the relationship of the given name, or nil.
func (k *Kind) Relationship(name string) *Relationship {
	for _, r := range k.Relationships {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Opposite returns the relationship of k that is the other end of r, a
// relationship of another kind, or nil when k has none. A bidirectional
// relationship of a kind with itself is its own opposite.
func (k *Kind) Opposite(r *Relationship) *Relationship {
	direction := r.Direction
	switch direction {
	case inbound:
		direction = outbound
	case outbound:
		direction = inbound
	}
	for _, candidate := range k.Relationships {
		if candidate.Identifier == r.Identifier && candidate.Direction == direction {
			return candidate
		}
	}
	return nil
}

// ParentRelationship returns the relationship to the node that a node of this
// kind is a component of, or nil.
func (k *Kind) ParentRelationship() *Relationship {
	for _, r := range k.Relationships {
		if r.Kind == relParent {
			return r
		}
	}
	return nil
}

// Tree returns the hierarchical generic whose tree nodes of the kind are part
// of: the kind itself for such a generic, empty for kinds in no tree.
func (k *Kind) Tree() string {
	if k.Hierarchical {
		return k.Name
	}
	return k.Hierarchy
}

// UniqueAttributes returns the attributes no two nodes have the same value of.
func (k *Kind) UniqueAttributes() []*Attribute {
	var unique []*Attribute
	for _, a := range k.Attributes {
		if a.Unique {
			unique = append(unique, a)
		}
	}
	return unique
}

// Restricted tells whether users may not declare kinds in the namespace of
// this one: it belongs to Infrahub.
func (k *Kind) Restricted() bool {
	return restricted(k.Namespace)
}

// restricted tells whether a namespace belongs to Infrahub.
func restricted(namespace string) bool {
	switch namespace {
	case "Account", "Branch", "Builtin", "Core", "Deprecated", "Diff", "Infrahub",
		"Internal", "Lineage", "Schema", "Profile", "Template":
		return true
	}
	return false
}

// generated tells whether the kind is made from another one.
func (k *Kind) generated() bool {
	return k.Namespace == "Profile" || k.Namespace == "Template"
}

// clone returns a copy that shares nothing that changes with k.
func (k *Kind) clone() *Kind {
	c := *k
	c.HumanFriendlyID = slices.Clone(k.HumanFriendlyID)
	c.DisplayLabels = slices.Clone(k.DisplayLabels)
	c.OrderBy = slices.Clone(k.OrderBy)
	c.InheritFrom = slices.Clone(k.InheritFrom)
	c.UsedBy = slices.Clone(k.UsedBy)
	c.UniquenessConstraints = cloneSets(k.UniquenessConstraints)
	c.Attributes = make([]*Attribute, len(k.Attributes))
	for i, a := range k.Attributes {
		c.Attributes[i] = a.clone()
	}
	c.Relationships = make([]*Relationship, len(k.Relationships))
	for i, r := range k.Relationships {
		c.Relationships[i] = r.clone()
	}
	return &c
}

// clone returns a copy whose choices can be changed.
func (a *Attribute) clone() *Attribute {
	c := *a
	c.Choices = slices.Clone(a.Choices)
	return &c
}

func (r *Relationship) clone() *Relationship {
	c := *r
	return &c
}

func cloneSets(sets [][]string) [][]string {
	if sets == nil {
		return nil
	}
	c := make([][]string, len(sets))
	for i, set := range sets {
		c[i] = slices.Clone(set)
	}
	return c
}
