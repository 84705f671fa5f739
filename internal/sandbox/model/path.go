package model

import (
	"errors"
	"slices"
	"strings"
)

// Path is a path read: name__value, device__name__value, device__name, device.
// Human-friendly ids, uniqueness constraints, orders, display labels and
// computed attributes are made of paths.
type Path struct {
	// Relationship is nil for a path to an attribute of the kind itself.
	Relationship *Relationship
	// Peer is the kind at the other end of Relationship.
	Peer *Kind
	// Attribute is an attribute of Peer, or of the kind itself. It is nil for
	// a path that ends at a relationship.
	Attribute *Attribute
	// Property is the part of the value, usually "value". It is empty for a
	// path that ends at an attribute.
	Property string
}

// Path reads a path that begins at k. The error is an *Error with the sentence
// that Infrahub answers; what a path may consist of depends on its use and is
// not checked here. The suffixes __asc and __desc of orders are not part of a
// path: see Order.
func (m *Model) Path(k *Kind, path string) (Path, error) {
	p, err := parsePath(m.byName, k, path)
	if fault, ok := errors.AsType[pathFault](err); ok {
		return Path{}, &Error{Message: string(fault)}
	}
	return p, err
}

// pathFault says why a path leads nowhere.
type pathFault string

// Error implements error.
func (f pathFault) Error() string {
	return string(f)
}

// parsePath reads a path. The error is a pathFault, or an *Error when the kind
// behind a relationship does not exist.
func parsePath(kinds map[string]*Kind, k *Kind, path string) (Path, error) {
	var p Path
	first, rest, _ := strings.Cut(path, "__")
	owner := k
	if p.Relationship = k.Relationship(first); p.Relationship == nil && first == "parent" &&
		k.Attribute(first) == nil && k.Parent != nil && *k.Parent != "" {
		// The relationship to the parent in a tree is added late.
		p.Relationship = &Relationship{Name: first, Peer: *k.Parent, Cardinality: one, Optional: true}
	}
	if p.Relationship != nil {
		if p.Peer = kinds[p.Relationship.Peer]; p.Peer == nil {
			return Path{}, unknownKind(p.Relationship.Peer)
		}
		owner = p.Peer
		first, rest, _ = strings.Cut(rest, "__")
		if first == "" {
			return p, nil
		}
		if p.Attribute = owner.Attribute(first); p.Attribute == nil {
			return Path{}, pathFault(first + " is not a valid attribute of " + owner.Name)
		}
	} else if p.Attribute = owner.Attribute(first); p.Attribute == nil {
		return Path{}, pathFault(path + " is invalid on schema " + k.Name)
	}
	p.Property, _, _ = strings.Cut(rest, "__")
	if p.Property != "" && !slices.Contains(p.Attribute.properties(), p.Property) {
		return Path{}, pathFault(p.Property + " is not a valid property of " + p.Attribute.Name)
	}
	return p, nil
}

// onlyValue tells whether the path is that of the value of an attribute of the
// kind itself.
func (p Path) onlyValue() bool {
	return p.Relationship == nil && p.Property == "value"
}

// pathUse is what paths may consist of in one of their uses.
type pathUse struct {
	// bare allows an attribute without a property.
	bare bool
	// relationship says whether a path may begin with a relationship, and if
	// so whether an attribute of the peer must follow or must not.
	relationship pathRelationship
	// optional allows relationships that a node may not have.
	optional bool
}

type pathRelationship int

const (
	noRelationship pathRelationship = iota
	relationshipAlone
	relationshipAttribute
)

// checkPath reads a path and checks it against its use. element is the member
// of the kind that holds it, for the error.
func checkPath(kinds map[string]*Kind, k *Kind, path string, use pathUse, element string) (Path, error) {
	where := k.Name
	if element != "" {
		where += "." + element
	}
	p, err := parsePath(kinds, k, path)
	if fault, ok := errors.AsType[pathFault](err); ok {
		return Path{}, refuse("%s: %s", where, fault)
	}
	if err != nil {
		return Path{}, err
	}
	if p.Relationship == nil {
		if properties := p.Attribute.properties(); !use.bare && p.Property == "" {
			return Path{}, refuse("%s: invalid attribute, it must end with one of the following properties: %s. (`%s`)",
				where, strings.Join(properties, ", "), path)
		}
		return p, nil
	}
	r := p.Relationship
	switch {
	case use.relationship == noRelationship:
		return Path{}, refuse("%s: this property only supports attributes, not relationships", where)
	case r.Many():
		return Path{}, refuse("%s: cannot use %s relationship, relationship must be of cardinality one (`%s`)",
			where, r.Name, path)
	case r.Optional && !use.optional && !(r.Name == "ip_namespace" && k.inAddressSpace()):
		return Path{}, refuse("%s: cannot use %s relationship, relationship must be mandatory. (`%s`)",
			where, r.Name, path)
	case p.Property != "" && use.relationship == relationshipAlone:
		return Path{}, refuse("%s: cannot use attributes of related node, only the relationship. (`%s`)", where, path)
	case p.Property == "" && use.relationship == relationshipAttribute:
		return Path{}, refuse("%s: Must use attributes of related node. (`%s`)", where, path)
	}
	return p, nil
}

// The generics whose nodes are addresses and networks of addresses.
const (
	ipAddress = "BuiltinIPAddress"
	ipPrefix  = "BuiltinIPPrefix"
)

// inAddressSpace tells whether nodes of the kind are addresses or networks,
// which get their namespace from Infrahub when none is given.
func (k *Kind) inAddressSpace() bool {
	return k.Class == Node && (slices.Contains(k.InheritFrom, ipAddress) || slices.Contains(k.InheritFrom, ipPrefix))
}

// Order is an entry of Kind.OrderBy read.
type Order struct {
	// Metadata is "created_at" or "updated_at" for an order by metadata of
	// nodes; Path is empty then.
	Metadata   string
	Path       Path
	Descending bool
}

// Order reads an entry of an order, such as "name__value__desc" or
// "node_metadata__created_at".
func (m *Model) Order(k *Kind, entry string) (Order, error) {
	order, path, err := parseOrder(k, entry)
	if err != nil || order.Metadata != "" {
		return order, err
	}
	order.Path, err = m.Path(k, path)
	return order, err
}

// parseOrder reads an entry of an order but for its path, which it returns.
func parseOrder(k *Kind, entry string) (order Order, path string, err error) {
	if entry == "" {
		return Order{}, "", refuse("order_by entries must be non-empty strings (entry: %s).", quote(entry))
	}
	parts := strings.Split(entry, "__")
	if slices.Contains(parts, "") {
		return Order{}, "", refuse("invalid entry (entry: %s). Entry segments must be non-empty.", quote(entry))
	}
	length, shape := 2, ""
	switch {
	case strings.HasPrefix(entry, "node_metadata__"):
		order.Metadata = parts[1]
		if order.Metadata != "created_at" && order.Metadata != "updated_at" {
			return Order{}, "", refuse("unknown metadata field (entry: %s). Supported metadata fields: created_at, updated_at.",
				quote(entry))
		}
	case k.Relationship(parts[0]) != nil:
		length, shape = 3, "relationship path (entry: %s). Expected '<relationship>__<attribute>__<property>'"
	case k.Attribute(parts[0]) != nil:
		shape = "attribute path (entry: %s). Expected '<attribute>__<property>'"
	default:
		return Order{}, "", refuse("attribute %s not defined on this schema (entry: %s).", quote(parts[0]), quote(entry))
	}
	if len(parts) < length {
		return Order{}, "", refuse("invalid "+shape+" with an optional direction suffix.", quote(entry))
	}
	if last := parts[len(parts)-1]; len(parts) == length && order.Metadata == "" && isDirection(last) {
		sort, _, _ := strings.Cut(shape, " (")
		return Order{}, "", refuse("invalid %s (entry: %s). Property segment is missing; direction token %s cannot be used as a property name.",
			sort, quote(entry), quote(last))
	}
	switch {
	case len(parts) > length+1:
		return Order{}, "", refuse("invalid entry (entry: %s). Unexpected number of segments.", quote(entry))
	case len(parts) == length+1 && !isDirection(parts[length]):
		return Order{}, "", refuse("invalid direction (entry: %s). Direction must be 'asc' or 'desc'.", quote(entry))
	case len(parts) == length+1:
		order.Descending = parts[length] == "desc"
	}
	return order, strings.Join(parts[:length], "__"), nil
}

func isDirection(part string) bool {
	return part == "asc" || part == "desc"
}
