package store

import "time"

// Node is a node as a view shows it.
type Node struct {
	ID   string
	Kind string
	// CreatedAt and CreatedBy tell when the node came to the branch and who made
	// it. After a merge that is the time of the merge on the default branch, and
	// still the account that made the node on the merged branch.
	CreatedAt time.Time
	CreatedBy string
	// UpdatedAt and UpdatedBy tell of the last change of an attribute or an edge
	// of the node. An edge that came with a new node at its other end does not
	// count, as in Infrahub.
	UpdatedAt time.Time
	UpdatedBy string
}

// Properties are what Infrahub keeps beside a value or an edge. Source and Owner
// are ids of nodes, empty when there is none.
type Properties struct {
	IsProtected bool
	Source      string
	Owner       string
}

// Attribute is an attribute of a node. For a write, UpdatedAt and UpdatedBy do
// not matter.
type Attribute struct {
	Name string
	// Value is a JSON value: nil, bool, string, int64, float64, json.Number (an
	// integer that int64 cannot hold), []any or map[string]any. A write also
	// takes any other value that encoding/json can write. A read gives the
	// caller a copy of its own.
	Value         any
	IsDefault     bool
	IsFromProfile bool
	Properties
	UpdatedAt time.Time
	UpdatedBy string
}

// Edge is an edge as seen from one of its nodes.
type Edge struct {
	// Role is the end of the relationship that the node asked for is at.
	Role Role
	// Peer is the id of the node at the other end.
	Peer string
	Properties
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	UpdatedBy string
}

// Role is one end of a relationship: its identifier, which both ends share, and
// the side. It takes both to tell local from remote and parent from children.
type Role struct {
	Identifier string
	Side       Side
}

// Opposite is the role of the peer.
func (r Role) Opposite() Role {
	return Role{Identifier: r.Identifier, Side: r.Side.opposite()}
}

// Side is the direction of a relationship as a schema gives it. A node with side
// Outbound has peers with side Inbound; with Both, both ends are alike. An edge
// written with Both is not found by Outbound or Inbound, nor the other way round.
type Side uint8

// The sides, in the words of Infrahub "bidirectional", "outbound" and "inbound".
const (
	Both Side = iota
	Outbound
	Inbound
)

func (s Side) opposite() Side {
	switch s {
	case Outbound:
		return Inbound
	case Inbound:
		return Outbound
	default:
		return Both
	}
}

// Scope says where a fact belongs. In the words of Infrahub it is the branch
// support of a kind, an attribute or a relationship.
type Scope uint8

const (
	// Aware facts belong to the branch they are written on. Branches made or
	// rebased later see those of the default branch.
	Aware Scope = iota
	// Agnostic facts lie outside branches: every branch sees them at once, also
	// at times before the branch was made.
	Agnostic
	// Local facts are like aware ones, but no diff shows them and no merge takes
	// them along. A rebase keeps them.
	Local
)
