package schema

// Kind describes one kind of node: its attributes, its relationships and how
// its nodes are named. Texts that Infrahub does not give are empty.
type Kind struct {
	// Name is the full name, Namespace followed by ShortName: DcimDevice.
	Name          string
	Namespace     string
	ShortName     string
	Label         string
	Description   string
	Documentation string // link to a page, absolute or within Infrahub's own documentation
	Class         Class
	Branch        BranchSupport

	// Attributes and Relationships are sorted by order weight, then by name.
	Attributes    []Attribute
	Relationships []Relationship

	// HumanFriendlyID lists the paths that make up the human-friendly id
	// (hfid) of a node, such as "device__name__value", "name__value". A kind
	// may have none.
	HumanFriendlyID []string
	// DisplayLabel is the Jinja2 text that the display label of a node is
	// made from, or the path of one attribute.
	DisplayLabel string
	// OrderBy lists the paths by which Infrahub orders nodes by default.
	OrderBy []string
	// UniquenessConstraints lists the sets of paths whose values no two nodes
	// share, those of single unique attributes included.
	UniquenessConstraints [][]string

	// InheritFrom lists the generics that the kind implements.
	InheritFrom []string
	// UsedBy lists the kinds that implement a generic, sorted.
	UsedBy []string

	// Hierarchical is true for a generic whose nodes form a tree.
	Hierarchical bool
	// Hierarchy is the hierarchical generic that a node kind is part of.
	// Parent and Children are the kinds above and below it in the tree.
	Hierarchy, Parent, Children string
}

// Attribute returns the attribute of the given name, or nil.
func (k *Kind) Attribute(name string) *Attribute {
	for i := range k.Attributes {
		if k.Attributes[i].Name == name {
			return &k.Attributes[i]
		}
	}
	return nil
}

// Relationship returns the relationship of the given name, or nil.
func (k *Kind) Relationship(name string) *Relationship {
	for i := range k.Relationships {
		if k.Relationships[i].Name == name {
			return &k.Relationships[i]
		}
	}
	return nil
}

// Internal tells whether the kind serves Infrahub itself rather than its
// users: profiles, templates and internal kinds, which a catalogue leaves out.
func (k *Kind) Internal() bool {
	switch k.Namespace {
	case "Internal", "Profile", "Template":
		return true
	}
	return false
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
	// Agnostic data is the same on every branch: a change made on one takes
	// effect on all of them at once.
	Agnostic BranchSupport = "agnostic"
	// Local data stays on its branch and is not merged.
	Local BranchSupport = "local"
)

// Attribute is a value that nodes of a kind hold.
type Attribute struct {
	Name        string
	Label       string
	Description string
	// Kind is the kind of value: Text, Number, Dropdown, IPHost, …
	Kind string
	// Deprecation is empty, or says what to use instead.
	Deprecation string
	Branch      BranchSupport
	OrderWeight int

	Optional  bool
	Unique    bool
	ReadOnly  bool
	Inherited bool // from a generic

	// Default is nil, bool, string, int64, float64, []any or map[string]any.
	Default any
	// Choices are the values of a Dropdown, sorted by name: Infrahub lists
	// them in no stable order.
	Choices []Choice
	// Enum lists the only values allowed, in the order of the schema, of the
	// same types as Default.
	Enum []any

	// Regex is the Python regular expression that a text matches.
	Regex                string
	MinLength, MaxLength *int
	MinValue, MaxValue   *int64
	// ExcludedValues lists numbers and ranges not allowed: "100,150-200".
	ExcludedValues string
	// Computed is set when Infrahub computes the value.
	Computed *Computed
}

// Secret tells whether the value is a secret. Infrahub answers Password in
// clear text and HashedPassword as its hash to everyone who may see the node.
func (a *Attribute) Secret() bool {
	return a.Kind == "Password" || a.Kind == "HashedPassword"
}

// Choice is one value of a Dropdown. Name is the value that is stored and
// filtered by; Color is of the form "#7fbf7f".
type Choice struct {
	Name, Label, Description, Color string
}

// Computed says how Infrahub computes the value of an attribute.
type Computed struct {
	Kind      string // Jinja2 or TransformPython
	Template  string // the text of kind Jinja2
	Transform string // name or id of the transformation of kind TransformPython
}

// Relationship links nodes of a kind to nodes of its peer kind.
type Relationship struct {
	Name        string
	Label       string
	Description string
	// Kind is Attribute, Component, Generic, Group, Hierarchy, Parent,
	// Profile or Template.
	Kind string
	// Peer is the full name of the kind, often a generic, at the other end.
	Peer string
	// Identifier is common to the two ends of one relationship.
	Identifier  string
	Cardinality string // "one" or "many"
	Direction   string // "bidirectional", "outbound" or "inbound"
	// OnDelete is what deleting a node does to its peers: "no-action" or
	// "cascade".
	OnDelete string
	// Hierarchical is the hierarchical generic when the relationship is part
	// of a tree.
	Hierarchical string
	// CommonParent names the relationship of the peer that must lead to the
	// same node as the one of this name here.
	CommonParent string
	// Deprecation is empty, or says what to use instead.
	Deprecation string
	Branch      BranchSupport
	OrderWeight int

	// MinCount and MaxCount bound the number of peers; MaxCount 0 is no bound.
	MinCount, MaxCount int

	Optional  bool
	ReadOnly  bool
	Inherited bool // from a generic
}

// Many tells whether a node can have several peers.
func (r *Relationship) Many() bool {
	return r.Cardinality == "many"
}
