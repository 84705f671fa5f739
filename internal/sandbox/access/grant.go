package access

import (
	"infrahub-mcp/internal/sandbox/nodes"
)

// The kinds that hold accounts and their rights.
const (
	kindGenericAccount    = "CoreGenericAccount"
	kindAccountGroup      = "CoreAccountGroup"
	kindAccountRole       = "CoreAccountRole"
	kindBasePermission    = "CoreBasePermission"
	kindGlobalPermission  = "CoreGlobalPermission"
	kindObjectPermission  = "CoreObjectPermission"
	kindGenericRepository = "CoreGenericRepository"
	kindAccountToken      = "InternalAccountToken"
	kindRefreshToken      = "InternalRefreshToken"
)

// anonymousRole is the name of the role that says what anonymous callers may do
// (INFRAHUB_ANONYMOUS_ACCESS_ROLE).
const anonymousRole = "Anonymous User"

// grantsOf returns what an account was granted by way of its groups and their
// roles. As in Infrahub, what two roles grant is there twice.
func (g *Gate) grantsOf(account string) *Permissions {
	p := &Permissions{defaultBranch: g.defaultBranch}
	graph, err := g.graph()
	if err != nil {
		return p // cannot be: the default branch has a schema, and a now
	}
	if n := graph.Node(account); n != nil && n.Is(kindGenericAccount) {
		for _, group := range n.Related("member_of_groups") {
			if group.Is(kindAccountGroup) {
				for _, role := range group.Related("roles") {
					p.add(role)
				}
			}
		}
	}
	return p
}

// anonymousGrants returns what anonymous callers were granted.
func (g *Gate) anonymousGrants() *Permissions {
	p := &Permissions{defaultBranch: g.defaultBranch}
	if !g.allowAnonymous {
		return p
	}
	graph, err := g.graph()
	if err != nil {
		return p // cannot be: see grantsOf
	}
	for _, role := range having(graph, kindAccountRole, "name", anonymousRole) {
		p.add(role)
	}
	return p
}

// add adds what a role grants, in the order in which the role got it.
func (p *Permissions) add(role *nodes.Node) {
	for _, n := range role.Related("permissions") {
		decision, _ := n.Value("decision").(int64)
		switch {
		case n.Is(kindGlobalPermission):
			p.Global = append(p.Global, GlobalPermission{n.ID, n.Text("action"), Decision(decision)})
		case n.Is(kindObjectPermission):
			p.Object = append(p.Object, ObjectPermission{n.ID, n.Text("namespace"), n.Text("name"), n.Text("action"), Decision(decision)})
		}
	}
}

// having returns the nodes of a kind in which an attribute has a value; none
// when the model lacks the kind.
func having(graph *nodes.Graph, kind, attribute string, value any) []*nodes.Node {
	k := graph.Model.Kind(kind)
	if k == nil {
		return nil
	}
	return graph.Having(k, attribute, value)
}
