package store

import (
	"maps"
	"slices"
)

// delta is what a layer changed of one subject between two frames.
type delta struct {
	subject  uint32
	old, new *fact // nil for nothing; never the same
	last     *fact // of the facts between, the newest
	oldFrame frame
}

func (x *delta) action() Action {
	switch {
	case x.old == nil:
		return Added
	case x.new == nil:
		return Removed
	default:
		return Updated
	}
}

// deltas lists what changed on the layer of a frame since an earlier frame, net,
// in the order in which the subjects were first touched.
func (l *log) deltas(from, to frame) []delta {
	last := map[uint32]*fact{}
	var touched []uint32
	facts := l.between(from.upto, to.upto)
	for i := range facts {
		f := &facts[i]
		if f.layer != to.layer || l.subjects[f.subject].topic == touch {
			continue
		}
		if _, ok := last[f.subject]; !ok {
			touched = append(touched, f.subject)
		}
		last[f.subject] = f
	}
	deltas := make([]delta, 0, len(touched))
	for _, s := range touched {
		if l.visible(to, s).layer == agnosticLayer {
			continue // removed with an agnostic node, which is no change of the layer
		}
		x := delta{subject: s, old: l.shown(from, s), new: l.shown(to, s), last: last[s], oldFrame: from}
		if !same(x.old, x.new) {
			deltas = append(deltas, x)
		}
	}
	return deltas
}

// shared leaves out the deltas that are local to their branch.
func shared(deltas []delta) []delta {
	return slices.DeleteFunc(deltas, func(x delta) bool { return x.last.scope() == Local })
}

// divergence is how a branch and the default branch grew apart: the default
// branch as both knew it, the branch, and the default branch as it is.
type divergence struct {
	log                  *log
	base, branch, target frame
	cardinalities        Cardinalities
}

func (l *log) divergence(b *branch, upto uint32, c Cardinalities) *divergence {
	d := &divergence{
		log:           l,
		branch:        l.frame(b, upto),
		target:        l.frameOf(defaultLayer, upto),
		cardinalities: c,
	}
	base := d.branch.base
	if d.branch.layer == defaultLayer {
		base = 1 // the creation of the default branch
	}
	d.base = l.frameOf(defaultLayer, base)
	return d
}

// nodeRole is one end of an edge.
type nodeRole struct {
	node uint32
	role role
}

// ends returns the ends of an edge.
func (s *subject) ends() (source, target nodeRole) {
	return nodeRole{s.node, s.sourceRole()}, nodeRole{s.peer, s.targetRole()}
}

// ends lists the ends of an edge whose kinds declare the relationship.
func (d *divergence) ends(s *subject) []nodeRole {
	source, target := s.ends()
	ends := make([]nodeRole, 0, 2)
	if d.cardinality(source) != Undeclared {
		ends = append(ends, source)
	}
	if target != source && d.cardinality(target) != Undeclared {
		ends = append(ends, target)
	}
	return ends
}

func (d *divergence) cardinality(e nodeRole) Cardinality {
	return d.cardinalities.of(d.kind(e.node), d.log.describeRole(e.role))
}

func (d *divergence) kind(n uint32) string {
	return d.log.names[d.log.nodes[n].kind]
}

// properties are the parts of an attribute or an edge, the whole of it first.
func (s *subject) properties() []Property {
	whole := PropertyValue
	if s.isEdge() {
		whole = PropertyRelated
	}
	return []Property{whole, PropertyProtected, PropertySource, PropertyOwner}
}

// changed lists the properties that differ between old and new.
func (x *delta) changed(properties []Property) []Property {
	var changed []Property
	for _, p := range properties {
		if !sameProperty(p, x.old, x.new) {
			changed = append(changed, p)
		}
	}
	return changed
}

// sameProperty reports whether two facts agree on a property. Where there is
// nothing, nothing is protected and there is neither source nor owner.
func sameProperty(p Property, a, b *fact) bool {
	if p == PropertyRelated || p == PropertyValue {
		if a == nil || b == nil {
			return a == b
		}
		return p == PropertyRelated || equal(a.value, b.value) && a.flags&valueFlags == b.flags&valueFlags
	}
	var none fact
	if a == nil {
		a = &none
	}
	if b == nil {
		b = &none
	}
	switch p {
	case PropertyProtected:
		return a.flags&isProtected == b.flags&isProtected
	case PropertySource:
		return a.source == b.source
	default:
		return a.owner == b.owner
	}
}

// valueFlags go together with the value.
const valueFlags = isDefault | isFromProfile

// copyProperty makes a content agree with a fact on a property.
func copyProperty(p Property, to *content, from *fact) {
	switch p {
	case PropertyValue:
		to.value = from.value
		to.flags = to.flags&^valueFlags | from.flags&valueFlags
	case PropertyProtected:
		to.flags = to.flags&^isProtected | from.flags&isProtected
	case PropertySource:
		to.source = from.source
	case PropertyOwner:
		to.owner = from.owner
	}
}

func sortedKeys[K interface{ ~uint32 }, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
