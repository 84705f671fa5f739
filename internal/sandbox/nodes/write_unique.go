package nodes

import (
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// unique finds the other node that has the human-friendly id that the draft is
// going to have. The error says that another constraint is violated, by another
// node or by a part of what is not in that id.
func (d *draft) unique() (same *Node, err error) {
	own := d.hfidConstraint()
	var violated [][]string
	var by [][]*Node
	for _, k := range d.constrainedBy() {
		for _, constraint := range k.UniquenessConstraints {
			if !d.concerns(k, constraint) {
				continue
			}
			others := d.violating(k, constraint)
			if len(others) == 0 {
				continue
			}
			if sameMembers(constraint, own) {
				same = others[0]
				continue
			}
			violated, by = append(violated, constraint), append(by, others)
		}
	}
	for i, constraint := range violated {
		if same != nil && (within(constraint, own) || len(by[i]) == 1 && by[i][0].ID == same.ID) {
			continue
		}
		return nil, d.taken(constraint)
	}
	return same, nil
}

// constrainedBy returns the kinds whose constraints the node is under: its
// generics, and its own unless a generic has them all.
func (d *draft) constrainedBy() []*model.Kind {
	own := true
	var kinds []*model.Kind
	for _, name := range d.kind.InheritFrom {
		generic := d.w.Model.Kind(name)
		if generic == nil || len(generic.UniquenessConstraints) == 0 {
			continue
		}
		kinds = append(kinds, generic)
		all := true
		for _, constraint := range d.kind.UniquenessConstraints {
			all = all && slices.ContainsFunc(generic.UniquenessConstraints, func(other []string) bool {
				return sameMembers(constraint, other)
			})
		}
		own = own && !all
	}
	if own {
		kinds = append(kinds, d.kind)
	}
	return kinds
}

// concerns tells whether a constraint has to be checked: the input names a field
// of it, or the field may have its value without.
func (d *draft) concerns(k *model.Kind, constraint []string) bool {
	return slices.ContainsFunc(constraint, func(path string) bool {
		name, _, _ := strings.Cut(path, "__")
		a := k.Attribute(name)
		return len(d.given) == 0 || d.given[name] || a != nil && a.Unique && (a.Optional || a.Computed != nil)
	})
}

// violating returns the other nodes of a kind that have the same values as the
// draft at all paths of a constraint. Null is a value like others.
func (d *draft) violating(k *model.Kind, constraint []string) []*Node {
	paths := make([]model.Path, len(constraint))
	for i, path := range constraint {
		p, err := d.w.Model.Path(k, path)
		if err != nil {
			return nil
		}
		paths[i] = p
	}
	candidates := d.candidates(k, paths)
	return slices.DeleteFunc(candidates, func(n *Node) bool {
		return n.ID == d.id || slices.ContainsFunc(paths, func(p model.Path) bool { return !d.agrees(n, p) })
	})
}

// candidates returns nodes among which those that violate a constraint are:
// those with the same parent, or else with the same value of an attribute.
func (d *draft) candidates(k *model.Kind, paths []model.Path) []*Node {
	for _, p := range paths {
		if p.Relationship == nil || p.Relationship.Kind != "Parent" {
			continue
		}
		for _, peer := range d.peers(p.Relationship) {
			return d.w.joined(peer, p.Relationship, k)
		}
	}
	for _, p := range paths {
		if p.Relationship == nil && (p.Property == "value" || p.Property == "") {
			return d.w.Having(k, p.Attribute.Name, d.value(p.Attribute.Name))
		}
	}
	for _, p := range paths {
		if p.Relationship == nil {
			continue
		}
		for _, peer := range d.peers(p.Relationship) {
			return d.w.joined(peer, p.Relationship, k)
		}
	}
	return d.w.NodesOf(k)
}

// joined returns the nodes of a kind that have a node as their peer in a
// relationship of that kind.
func (g *Graph) joined(peer *Node, r *model.Relationship, k *model.Kind) []*Node {
	edges := g.View.Peers(peer.ID, RoleOf(r).Opposite())
	found := make([]*Node, 0, len(edges))
	for _, edge := range edges {
		if n := g.Node(edge.Peer); n != nil && n.Is(k.Name) {
			found = append(found, n)
		}
	}
	return found
}

// agrees tells whether a node has at a path what the draft has there. Where the
// draft has no peer, a node with any agrees, as in Infrahub.
func (d *draft) agrees(n *Node, p model.Path) bool {
	if p.Relationship == nil {
		return sameValue(n.Value(p.Attribute.Name), d.value(p.Attribute.Name))
	}
	edges := n.Peers(p.Relationship)
	for _, peer := range d.peers(p.Relationship) {
		return hasPeer(edges, peer.ID)
	}
	return len(edges) > 0
}

// taken says that a constraint is violated.
func (d *draft) taken(constraint []string) *fault.Error {
	names := make([]string, len(constraint))
	var inputs []string
	for i, path := range constraint {
		names[i], _, _ = strings.Cut(path, "__")
		for _, input := range d.inputsOf(names[i]) {
			if !slices.Contains(inputs, input) {
				inputs = append(inputs, input)
			}
		}
	}
	message := "Violates uniqueness constraint '" + strings.Join(names, "-") + "'"
	if inputs != nil {
		message += " (computed from: " + strings.Join(inputs, ", ") + ")"
	}
	return fault.Invalid("%s", message)
}

// inputsOf names what a computed attribute is made from: "name", "site.name".
func (d *draft) inputsOf(attribute string) []string {
	a := d.kind.Attribute(attribute)
	if a == nil || a.Computed == nil || a.Computed.Kind != jinja2 {
		return nil
	}
	variables, err := model.Variables(a.Computed.Template)
	if err != nil {
		return nil
	}
	slices.Sort(variables)
	var inputs []string
	for _, variable := range variables {
		p, err := d.w.Model.Path(d.kind, variable)
		switch {
		case err != nil || p.Attribute == nil:
		case p.Relationship != nil:
			inputs = append(inputs, p.Relationship.Name+"."+p.Attribute.Name)
		default:
			inputs = append(inputs, p.Attribute.Name)
		}
	}
	return inputs
}

// hfidConstraint returns the constraint that the human-friendly id of the kind
// amounts to, in which a relationship stands by its name alone.
func (d *draft) hfidConstraint() []string {
	constraint := make([]string, len(d.kind.HumanFriendlyID))
	for i, path := range d.kind.HumanFriendlyID {
		constraint[i] = path
		if name, _, _ := strings.Cut(path, "__"); d.kind.Relationship(name) != nil {
			constraint[i] = name
		}
	}
	return constraint
}

func sameMembers(a, b []string) bool {
	return within(a, b) && within(b, a)
}

func within(a, b []string) bool {
	return !slices.ContainsFunc(a, func(member string) bool { return !slices.Contains(b, member) })
}
