package accounts

import (
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Identifiers is a rule of the nodes: the attribute identifier of a permission is
// its display label and not stored.
type Identifiers struct{}

// Derived implements nodes.Deriver.
func (Identifiers) Derived(n *nodes.Node, attribute string) (value any, ok bool) {
	if attribute != "identifier" || !n.Is("CoreBasePermission") {
		return nil, false
	}
	return n.Label(), true
}

// Changed implements nodes.Rule; nothing follows from a permission.
func (Identifiers) Changed(*nodes.Writer, *nodes.Node, nodes.Action) error { return nil }

// FromPool implements nodes.Rule; there are no pools of permissions.
func (Identifiers) FromPool(*nodes.Writer, *model.Kind, string, map[string]any) (any, bool, error) {
	return nil, false, nil
}
