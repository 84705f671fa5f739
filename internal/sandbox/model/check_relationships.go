package model

import (
	"fmt"
	"slices"
	"strings"
)

// checkReferences refuses relationships to kinds that there are not, and common
// parents and relatives that there are not.
func (d *draft) checkReferences(k *Kind) error {
	if k.Class != Node {
		return nil
	}
	for _, r := range k.Relationships {
		if r.Peer == coreGroup {
			continue
		}
		peer := d.byName[r.Peer]
		if peer == nil || peer.absent {
			return refuse("%s: Relationship %s is referring an invalid peer %s", k.Name, quote(r.Name), quote(r.Peer))
		}
		if err := checkCommonParent(k, r, peer); err != nil {
			return err
		}
		for _, relative := range r.CommonRelatives {
			if peer.Relationship(relative) == nil {
				return refuse("%s: Relationship %s set 'common_relatives' with invalid relationship from '%s'",
					k.Name, quote(r.Name), r.Peer)
			}
		}
	}
	return nil
}

func checkCommonParent(k *Kind, r *Relationship, peer *Kind) error {
	if r.CommonParent == "" {
		return nil
	}
	where := fmt.Sprintf("%s: Relationship %s defines 'common_parent' but ", k.Name, quote(r.Name))
	parent := peer.Relationship(r.CommonParent)
	switch {
	case k.ParentRelationship() == nil:
		return refuse("%snode does not have a parent relationship", where)
	case parent == nil:
		return refuse("%s'%s.%s' does not exist", where, r.Peer, r.CommonParent)
	case parent.Kind != relParent:
		return refuse("%s'%s.%s is not of kind 'parent'", where, r.Peer, r.CommonParent)
	}
	return nil
}

// checkCounts refuses numbers of peers that contradict the cardinality.
func (d *draft) checkCounts(k *Kind) error {
	for _, r := range k.Relationships {
		fault := ""
		switch {
		case !r.Many() && !r.Optional && (r.MinCount != 1 || r.MaxCount != 1):
			fault = "is defined as cardinality.ONE but min_count or max_count are not 1"
		case r.Many() && r.MaxCount != 0 && r.MinCount > r.MaxCount:
			fault = "min_count must be lower than max_count"
		case r.Many() && r.MaxCount == 1:
			fault = "max_count must be 0 or greater than 1 when cardinality is MANY"
		}
		if fault != "" {
			return refuse("%s: Relationship %s %s", k.Name, quote(r.Name), fault)
		}
	}
	return nil
}

// checkIdentifiers refuses relationships that could not be told apart, and ones
// whose two ends do not point to each other.
func (d *draft) checkIdentifiers(kinds []*Kind) error {
	type end struct {
		kind *Kind
		rels []*Relationship
	}
	var identifiers []string
	ends := map[string][]end{}
	for _, k := range kinds {
		for _, r := range k.Relationships {
			list := ends[r.Identifier]
			if list == nil {
				identifiers = append(identifiers, r.Identifier)
			}
			if n := len(list); n > 0 && list[n-1].kind == k {
				list[n-1].rels = append(list[n-1].rels, r)
				continue
			}
			ends[r.Identifier] = append(list, end{k, []*Relationship{r}})
		}
	}
	for _, identifier := range identifiers {
		byKind := map[string][]*Relationship{}
		for _, e := range ends[identifier] {
			byKind[e.kind.Name] = e.rels
		}
		for _, e := range ends[identifier] {
			pair := len(e.rels) == 2 && e.rels[0].Direction != e.rels[1].Direction &&
				e.rels[0].Direction != bidirectional && e.rels[1].Direction != bidirectional
			if len(e.rels) > 1 && !pair {
				return refuse("%s: Identifier of relationships must be unique for a given direction > %s : %s",
					e.kind.Name, quote(identifier), directions(e.rels))
			}
			if len(byKind) == 1 {
				continue
			}
			for _, r := range e.rels {
				peer := byKind[r.Peer]
				if len(peer) != 1 || opposed(r.Direction, peer[0].Direction) || pair && peer[0].Direction != bidirectional {
					continue
				}
				where := fmt.Sprintf("%s: Incompatible direction detected on Reverse Relationship for %s (%s) ",
					e.kind.Name, quote(r.Name), quote(identifier))
				if pair {
					return refuse("%s > %s ", where, bidirectional)
				}
				return refuse("%s%s <> %s", where, r.Direction, peer[0].Direction)
			}
		}
	}
	return nil
}

// opposed tells whether two directions can be those of the ends of one
// relationship.
func opposed(a, b string) bool {
	return a == bidirectional && b == bidirectional || a == inbound && b == outbound || a == outbound && b == inbound
}

func directions(relationships []*Relationship) string {
	list := make([]string, len(relationships))
	for i, r := range relationships {
		list[i] = "(" + quote(r.Name) + ", " + quote(r.Direction) + ")"
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// checkRequired refuses two kinds whose nodes need each other to be there first.
func (d *draft) checkRequired() error {
	neededBy := map[string][]string{}
	for _, k := range slices.DeleteFunc(d.of(Node, Generic), (*Kind).generated) {
		for _, r := range k.Relationships {
			if r.Optional {
				continue
			}
			if slices.Contains(neededBy[k.Name], r.Peer) {
				return refuse("'%s' and '%s' cannot both have required relationships to one another.", k.Name, r.Peer)
			}
			neededBy[r.Peer] = append(neededBy[r.Peer], k.Name)
		}
	}
	return nil
}

// checkAgreement refuses a kind that gets the same relationship from several
// generics and not alike.
func (d *draft) checkAgreement(k *Kind) error {
	for i, first := range k.InheritFrom {
		for _, second := range k.InheritFrom[i+1:] {
			for _, a := range d.byName[first].Relationships {
				b := d.byName[second].Relationship(a.Name)
				if b == nil {
					continue
				}
				if property := difference(a, b); property != "" {
					return refuse("%s inherits from '%s' & '%s' with different '%s' on the '%s' relationship",
						k.Name, first, second, property, a.Name)
				}
			}
		}
	}
	return nil
}

// difference names the first property in which two relationships of the same
// name differ although a kind that inherits both needs it the same; or "".
func difference(a, b *Relationship) string {
	for _, property := range []struct {
		name string
		same bool
	}{
		{"peer", a.Peer == b.Peer},
		{"kind", a.Kind == b.Kind},
		{"identifier", a.Identifier == b.Identifier},
		{"cardinality", a.Cardinality == b.Cardinality},
		{"min_count", a.MinCount == b.MinCount},
		{"max_count", a.MaxCount == b.MaxCount},
		{"common_parent", a.CommonParent == b.CommonParent},
		{"common_relatives", slices.Equal(a.CommonRelatives, b.CommonRelatives)},
		{"optional", a.Optional == b.Optional},
		{"branch", a.Branch == b.Branch},
		{"direction", a.Direction == b.Direction},
		{"on_delete", or(a.OnDelete, noAction) == or(b.OnDelete, noAction)},
		{"read_only", a.ReadOnly == b.ReadOnly},
		{"hierarchical", a.Hierarchical == b.Hierarchical},
		{"allow_override", a.AllowOverride == b.AllowOverride},
	} {
		if !property.same {
			return property.name
		}
	}
	return ""
}
