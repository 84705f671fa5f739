package nodes

import (
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// check tells whether the node may be as the draft has it.
func (d *draft) check(unique bool) error {
	if unique {
		same, err := d.unique()
		if err != nil {
			return err
		}
		if same != nil {
			return d.taken(d.hfidConstraint())
		}
	}
	for _, r := range d.kind.Relationships {
		links, ok := d.links[r.Name]
		if !ok {
			continue
		}
		for _, check := range []func(*model.Relationship, []*link) error{
			d.checkPeerKinds, d.checkPeerCounts, d.checkProfiles, d.checkCommonParent, d.checkCommonRelatives,
		} {
			if err := check(r, links); err != nil {
				return err
			}
		}
	}
	if d.node == nil {
		return nil
	}
	for _, a := range d.kind.Attributes {
		if after, ok := d.attributes[a.Name]; ok && after.Value == nil && !a.Optional {
			return d.refuse(&model.ValueError{Attribute: a.Name, Detail: "A value must be provided for " + a.Name})
		}
	}
	return nil
}

// checkPeerKinds checks that the peers are of the kind that the relationship asks
// for.
func (d *draft) checkPeerKinds(r *model.Relationship, links []*link) error {
	refused := &refusals{kind: d.named.Name}
	for _, l := range links {
		if l.node == nil || l.node.Is(r.Peer) {
			continue
		}
		var allowed []string
		if peer := d.w.Model.Kind(r.Peer); peer != nil {
			for _, k := range d.w.Model.Concrete(peer) {
				allowed = append(allowed, k.Name)
			}
		}
		refused.add(r.Name, fmt.Sprintf("%s - %s cannot be added to relationship, must be of type: %s",
			l.node.Kind, l.node.ID, printed(allowed)))
	}
	return refused.err()
}

// checkPeerCounts checks the number of peers at the other end: of a peer that is
// added against the most, of one that is removed against the fewest it may have.
func (d *draft) checkPeerCounts(r *model.Relationship, links []*link) error {
	var before []store.Edge
	if d.node != nil {
		before = d.node.Peers(r)
	}
	for _, l := range links {
		if l.node == nil || hasPeer(before, l.node.ID) {
			continue
		}
		for _, other := range d.otherEnds(r, l.node) {
			if other.MaxCount == 0 {
				continue
			}
			if count := int64(len(l.node.Peers(other))) + 1; count > other.MaxCount {
				return fault.Invalid("Node %s has %d peers for %s, maximum of %d allowed", l.node.ID, count, r.Identifier, other.MaxCount)
			}
		}
	}
	for _, edge := range before {
		if slices.ContainsFunc(links, func(l *link) bool { return l.node != nil && l.node.ID == edge.Peer }) {
			continue
		}
		peer := d.w.Node(edge.Peer)
		if peer == nil {
			continue
		}
		for _, other := range d.otherEnds(r, peer) {
			if count := int64(len(peer.Peers(other))) - 1; other.MinCount > 0 && count < other.MinCount {
				return fault.Invalid("Node %s has %d peers for %s, no fewer than %d allowed", peer.ID, count, r.Identifier, other.MinCount)
			}
		}
	}
	return nil
}

// otherEnds returns the relationships of a peer that are the other end of r.
func (d *draft) otherEnds(r *model.Relationship, peer *Node) []*model.Relationship {
	return slices.DeleteFunc(slices.Clone(peer.Schema.Relationships), func(other *model.Relationship) bool {
		return RoleOf(other) != RoleOf(r).Opposite()
	})
}

// checkProfiles checks that profiles are those of the kind or of its generics.
func (d *draft) checkProfiles(r *model.Relationship, links []*link) error {
	if r.Name != "profiles" || d.kind.Class != model.Node {
		return nil
	}
	if err := d.checkProfilesGone(links); err != nil {
		return err
	}
	if len(links) == 0 {
		return nil
	}
	refused := &refusals{kind: d.named.Name}
	if !d.kind.GenerateProfile {
		refused.add(r.Name, d.kind.Name+" does not allow profiles")
		return refused.err()
	}
	allowed := []string{"Profile" + d.kind.Name}
	for _, name := range d.kind.InheritFrom {
		if generic := d.w.Model.Kind(name); generic != nil && generic.GenerateProfile {
			allowed = append(allowed, "Profile"+name)
		}
	}
	slices.Sort(allowed)
	var illegal []string
	for _, l := range links {
		if l.node != nil && !slices.Contains(allowed, l.node.Kind) {
			illegal = append(illegal, fmt.Sprintf("peer %s is of kind %s", l.node.ID, l.node.Kind))
		}
	}
	if illegal != nil {
		refused.add(r.Name, fmt.Sprintf("%s. only %s are allowed", strings.Join(illegal, ", "), printed(allowed)))
	}
	return refused.err()
}

// checkProfilesGone checks that no profile goes that the node has a mandatory
// value from.
func (d *draft) checkProfilesGone(links []*link) error {
	if d.node == nil {
		return nil
	}
	for _, a := range d.kind.Attributes {
		seen := d.node.Attribute(a.Name)
		stays := slices.ContainsFunc(links, func(l *link) bool { return l.node != nil && l.node.ID == seen.Source })
		if seen.IsFromProfile && !a.Optional && !stays {
			return fault.Invalid("Cannot remove profile '%s' because node '%s' (ID: %s) inherits required attribute '%s' from this profile.",
				seen.Source, d.node.Label(), d.id, a.Name)
		}
	}
	return nil
}

// checkCommonParent checks that the peers have the parent that the node has.
func (d *draft) checkCommonParent(r *model.Relationship, links []*link) error {
	parent := d.kind.Relationship(r.CommonParent)
	if r.CommonParent == "" || parent == nil || len(links) == 0 {
		return nil
	}
	own := d.peers(parent)
	if len(own) == 0 {
		return fault.Invalid("Node %s (%s) does not have a parent peer", d.id, d.kind.Name)
	}
	for _, l := range links {
		if l.node == nil {
			continue
		}
		theirs := l.node.Related(r.CommonParent)
		if len(theirs) == 0 {
			return fault.Invalid("Peer %s (%s) does not have a parent peer", l.node.ID, l.node.Kind)
		}
		if theirs[0].ID != own[0].ID {
			return fault.Invalid("All the elements of the '%s' relationship on node %s (%s) must have the same parent as the node",
				r.Name, d.id, d.kind.Name)
		}
	}
	return nil
}

// checkCommonRelatives checks that the peers have peers in common.
func (d *draft) checkCommonRelatives(r *model.Relationship, links []*link) error {
	if !r.Many() {
		return nil
	}
	for _, name := range r.CommonRelatives {
		var first map[string]bool
		for _, l := range links {
			if l.node == nil {
				continue
			}
			relatives := map[string]bool{}
			for _, n := range l.node.Related(name) {
				relatives[n.ID] = true
			}
			if first == nil {
				first = relatives
			}
			if !sameSet(first, relatives) {
				return fault.Invalid("All the elements of the '%s' relationship on node %s (%s) must have the same set of peers for their '%s.%s' relationship",
					r.Name, l.node.ID, d.kind.Name, l.node.Kind, name)
			}
		}
	}
	return nil
}

func sameSet(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for key := range a {
		if !b[key] {
			return false
		}
	}
	return true
}

func hasPeer(edges []store.Edge, id string) bool {
	return slices.ContainsFunc(edges, func(e store.Edge) bool { return e.Peer == id })
}
