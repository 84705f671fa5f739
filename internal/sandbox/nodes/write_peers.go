package nodes

import (
	"slices"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Add joins a node to peers in a relationship, by {id} or {hfid, kind} each, and
// from pools. Those it is joined to already stay as they are.
func (w *Writer) Add(id, relationship string, peers []any) (*Node, error) {
	d, r, links, err := w.readPeers(id, relationship, peers)
	if err != nil {
		return nil, err
	}
	if err := w.shareParent(d.node, r, links); err != nil {
		return nil, err
	}
	before := d.node.Peers(r)
	if !r.Many() {
		switch {
		case len(before) > 0:
			return nil, fault.Invalid("'%s' is a cardinality-one relationship and already has a peer", r.Name)
		case len(links) > 1:
			return nil, fault.Invalid("'%s' is a cardinality-one relationship and cannot be assigned more than one peer", r.Name)
		}
	}
	named := map[string]bool{}
	for _, l := range links {
		named[l.id] = true
	}
	d.links[r.Name] = links
	if err := d.resolve(); err != nil {
		return nil, err
	}
	changed := false
	for _, l := range d.links[r.Name] {
		if hasPeer(before, l.node.ID) {
			continue
		}
		if !named[l.node.ID] && isMembership(d.node, r) {
			return nil, fault.New(500, "'%s'", l.node.ID) // an event that Infrahub fails to tell of
		}
		if err := w.join(d.node, r, l.node, l.Properties, true); err != nil {
			return nil, err
		}
		changed = true
	}
	return w.rejoined(d.node, changed)
}

// Remove parts a node from peers in a relationship, by {id} each. Those it is not
// joined to are let be.
func (w *Writer) Remove(id, relationship string, peers []any) (*Node, error) {
	d, r, links, err := w.readPeers(id, relationship, peers)
	if err != nil {
		return nil, err
	}
	before := d.node.Peers(r)
	named := func(e store.Edge) bool {
		return slices.ContainsFunc(links, func(l *link) bool { return l.id == e.Peer })
	}
	if !r.Optional && !slices.ContainsFunc(before, func(e store.Edge) bool { return !named(e) }) {
		return nil, fault.Invalid("'%s' is a mandatory relationship and cannot be fully removed at name", r.Name)
	}
	changed := false
	for _, edge := range before {
		if !named(edge) {
			continue
		}
		if err := w.part(d.node, r, edge.Peer); err != nil {
			return nil, err
		}
		changed = true
	}
	return w.rejoined(d.node, changed)
}

// rejoined does what follows a change of the peers of a node.
func (w *Writer) rejoined(n *Node, changed bool) (*Node, error) {
	if !changed {
		return n, nil
	}
	if err := w.recompute(n); err != nil {
		return nil, err
	}
	n = w.Node(n.ID)
	return n, w.tellRules(n, Updated)
}

// readPeers reads the arguments of Add and Remove, and checks the peers that are
// named by id.
func (w *Writer) readPeers(id, relationship string, peers []any) (*draft, *model.Relationship, []*link, error) {
	n := w.Node(id)
	if n == nil {
		if id == "" {
			id = "None"
		}
		return nil, nil, nil, fault.NoNode(id, "node")
	}
	r := n.Schema.Relationship(relationship)
	switch {
	case r == nil:
		return nil, nil, nil, fault.Invalid("'%s' is not a valid relationship for '%s' at name", relationship, n.Kind)
	case r.ReadOnly:
		return nil, nil, nil, fault.Invalid("'%s' is a read-only relationship at %s", relationship, n.Kind)
	}
	links := make([]*link, 0, len(peers))
	for _, item := range peers {
		l, err := readLink(item)
		if err != nil {
			return nil, nil, nil, fault.Invalid("%s at %s", err.Error(), r.Name)
		}
		links = append(links, l)
	}
	for _, l := range links {
		if l.id == "" {
			continue
		}
		if l.node = w.Node(l.id); l.node == nil {
			return nil, nil, nil, fault.Invalid("%s: Unable to find the node in the database.", quoted(l.id))
		}
	}
	for _, l := range links {
		if l.node != nil {
			if err := w.fits(n, r, l.node); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	d := &draft{w: w, kind: n.Schema, named: n.Schema, id: n.ID, node: n, links: map[string][]*link{}, pools: true}
	return d, r, links, nil
}

// fits checks that a node can be a peer of another one: it is of the right kind,
// and has no other peer where it can have but one.
func (w *Writer) fits(n *Node, r *model.Relationship, peer *Node) error {
	if r.Peer == "CoreNode" {
		return nil
	}
	if !peer.Is(r.Peer) {
		return fault.Invalid("'%s' '%s' is not a valid peer for '%s'", peer.ID, peer.Kind, r.Peer)
	}
	var ends []*model.Relationship
	for _, other := range peer.Schema.Relationships {
		if other.Identifier == r.Identifier {
			ends = append(ends, other)
		}
	}
	if len(ends) != 1 || ends[0].Many() {
		return nil
	}
	if other := peer.Peer(ends[0]); other != nil && other.ID != n.ID {
		return fault.Invalid("'%s' '%s' is already related to another peer on '%s'", peer.ID, peer.Kind, ends[0].Name)
	}
	return nil
}

// isMembership tells whether a relationship joins members to their groups.
// Infrahub 1.11 adds only members and groups that are named by id.
func isMembership(n *Node, r *model.Relationship) bool {
	return r.Identifier == "group_member" && (r.Name == "member_of_groups" || r.Name == "members" && n.Is("CoreGroup"))
}

// shareParent checks that the peers that are named by id have the parent that
// the node has, where the relationship asks for it.
func (w *Writer) shareParent(n *Node, r *model.Relationship, links []*link) error {
	if r.CommonParent == "" {
		return nil
	}
	own := n.Related(r.CommonParent)
	if len(own) == 0 {
		return fault.Invalid("Node %s ('%s') does not have a parent peer", n.ID, n.Kind)
	}
	for _, l := range links {
		if l.node == nil {
			continue
		}
		theirs := l.node.Related(r.CommonParent)
		switch {
		case len(theirs) == 0:
			return fault.Invalid("Peer %s ('%s') does not have a parent peer", l.node.ID, l.node.Kind)
		case theirs[0].ID != own[0].ID:
			return fault.Invalid("Cannot relate '%s' to '%s' peers that do not have the same parent", n.ID, r.Name)
		}
	}
	return nil
}
