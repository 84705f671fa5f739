package ipam

import (
	"fmt"
	"slices"

	"infrahub-mcp/internal/sandbox/nodes"
)

// reservedAttribute holds what a pool gave for which identifier, so that whoever
// asks again gets the same: the ids of nodes by identifier, several where branches
// that do not see one another asked for the same. It is kept with the pool,
// outside the schema and outside branches. An id whose node is gone is of no
// effect.
const reservedAttribute = "sandbox_reservations"

// reserve notes that a pool gave a node for an identifier.
func reserve(w *nodes.Writer, pool *nodes.Node, identifier, node string) error {
	reserved := reservations(w.Graph, pool)
	ids, _ := reserved[identifier].([]any)
	reserved[identifier] = append(ids, node)
	return w.Remember(pool, reservedAttribute, reserved)
}

// reservedNodes are the nodes that a pool gave for an identifier.
func reservedNodes(g *nodes.Graph, pool *nodes.Node, identifier string) []*nodes.Node {
	ids, _ := reservations(g, pool)[identifier].([]any)
	var reserved []*nodes.Node
	for _, id := range ids {
		if n := g.Node(fmt.Sprint(id)); n != nil {
			reserved = append(reserved, n)
		}
	}
	return reserved
}

// identifierOf is the identifier that a pool gave a node for, empty for none.
func identifierOf(g *nodes.Graph, pool *nodes.Node, node string) string {
	for identifier, reserved := range reservations(g, pool) {
		if ids, _ := reserved.([]any); slices.Contains(ids, any(node)) {
			return identifier
		}
	}
	return ""
}

// reservations are those of a pool: lists of ids by identifier.
func reservations(g *nodes.Graph, pool *nodes.Node) map[string]any {
	if reserved, ok := g.Remembered(pool, reservedAttribute).(map[string]any); ok {
		return reserved
	}
	return map[string]any{}
}
