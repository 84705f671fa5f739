package sdl

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// queryArguments returns the arguments of the query of a kind.
func (g *generator) queryArguments(k kind) ast.ArgumentDefinitionList {
	list := arguments{g: g}
	list.add("offset", "Int").add("limit", "Int").add("order", "OrderInput").add("ids", "[ID]")
	list.displayLabel("", k)
	if len(k.HumanFriendlyID) > 0 {
		list.add("hfid", "[String]")
	}
	for _, a := range k.Attributes {
		types, _ := attributeTypes(a.Kind)
		list.values(a.Name, types.filter).add(a.Name+"__isnull", "Boolean").lineage(a.Name)
	}
	list.values("any", "String").lineage("any")
	list.add("partial_match", "Boolean")
	for _, who := range []string{"node_metadata__created_by", "node_metadata__updated_by"} {
		list.add(who+"__id", "ID").add(who+"__ids", "[ID]")
	}
	for _, when := range []string{"node_metadata__created_at", "node_metadata__updated_at"} {
		list.add(when, "DateTime").add(when+"__before", "DateTime").add(when+"__after", "DateTime")
	}
	// Free address space can be listed along with any address or any prefix,
	// not with those of one kind.
	if k.Name == anyIPPrefix || k.Name == anyIPAddress {
		list.add("include_available", "Boolean").add("kinds", "[String!]")
	}
	for _, r := range k.Relationships {
		if peer, known := g.kinds[r.Peer]; known && !peer.internal() {
			list.all = append(list.all, g.throughArguments(r, peer)...)
		}
	}
	return list.all
}

// throughArguments returns the arguments that ask for nodes by the peers that a
// relationship leads to.
func (g *generator) throughArguments(r Relationship, peer kind) ast.ArgumentDefinitionList {
	key := asked{about: r.Name, peer: r.Peer, group: r.Kind == groupRelationship}
	if known := g.peers[key]; known != nil {
		return known
	}
	prefix := r.Name + "__"
	list := arguments{g: g}
	list.add(prefix+"ids", "[ID]").add(prefix+"isnull", "Boolean")
	list.displayLabel(prefix, peer)
	for _, a := range peer.Attributes {
		types, _ := attributeTypes(a.Kind)
		list.values(prefix+a.Name, types.filter)
		if !key.group {
			list.lineage(prefix + a.Name)
		}
	}
	g.peers[key] = list.all
	return list.all
}

// peerArguments returns the arguments of a relationship with many peers.
func (g *generator) peerArguments(peerName string, inTree bool) ast.ArgumentDefinitionList {
	key := asked{peer: peerName, descendants: inTree}
	if known := g.peers[key]; known != nil {
		return known
	}
	peer := g.kinds[peerName]
	list := arguments{g: g}
	list.add("offset", "Int").add("limit", "Int").add("order", "OrderInput").add("ids", "[ID]").add("isnull", "Boolean")
	list.displayLabel("", peer)
	for _, a := range peer.Attributes {
		types, _ := attributeTypes(a.Kind)
		list.values(a.Name, types.filter).lineage(a.Name)
	}
	if inTree {
		list.add("include_descendants", "Boolean")
	}
	g.peers[key] = list.all
	return list.all
}

// asked is what the arguments about a peer are known by.
type asked struct {
	about       string // the relationship, in the arguments of a query
	peer        string
	group       bool
	descendants bool
}

// argument is what an argument is known by.
type argument struct{ name, typ string }

func (g *generator) argument(name, typ string) *ast.ArgumentDefinition {
	key := argument{name, typ}
	a := g.arguments[key]
	if a == nil {
		a = &ast.ArgumentDefinition{Name: name, Type: g.typ(typ)}
		g.arguments[key] = a
	}
	return a
}

// arguments is a list in the making.
type arguments struct {
	g   *generator
	all ast.ArgumentDefinitionList
}

func (l *arguments) add(name, typ string) *arguments {
	l.all = append(l.all, l.g.argument(name, typ))
	return l
}

// values adds the arguments that ask for a value and for one of several.
func (l *arguments) values(name, scalar string) *arguments {
	return l.add(name+"__value", scalar).add(name+"__values", "["+scalar+"]")
}

// lineage adds the arguments that ask where a value comes from.
func (l *arguments) lineage(name string) {
	l.add(name+"__source__id", "ID").add(name+"__owner__id", "ID").add(name+"__is_protected", "Boolean")
}

// displayLabel adds the arguments that ask for the label of a node. A kind that
// defines none cannot be asked for it.
func (l *arguments) displayLabel(prefix string, k kind) {
	if k.DisplayLabel == "" {
		return
	}
	name := prefix + "display_label"
	l.values(name, "String").add(name+"__isnull", "Boolean")
}
