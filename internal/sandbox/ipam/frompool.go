package ipam

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// FromPool gives what a pool hands out: a number for an attribute, or the id of
// a new address or prefix for a relationship. It implements nodes.Rule.
func (r *Rule) FromPool(w *nodes.Writer, k *model.Kind, field string, from map[string]any) (value any, ok bool, err error) {
	pool := findPool(w.Graph, text(from["id"]), texts(from["hfid"]))
	if a := k.Attribute(field); a != nil {
		value, err := r.number(w, k, a, pool, from)
		return value, true, err
	}
	if pool == nil {
		missing := fault.NoNode(text(from["id"]), anyPool)
		missing.Message = fmt.Sprintf("Unable to find the pool to generate a node for the relationship '%s' on 'None'", field)
		return nil, true, missing
	}
	if pool.Kind != addressPool && pool.Kind != prefixPool {
		return nil, false, nil
	}
	n, err := r.take(w, pool, newOrder(from))
	if err != nil {
		return nil, true, err
	}
	return n.ID, true, nil
}

// findPool finds a pool by its id, its name or its hfid; nil if there is none.
func findPool(g *nodes.Graph, id string, hfid []string) *nodes.Node {
	kind := g.Model.Kind(anyPool)
	if kind == nil {
		return nil
	}
	if _, err := uuid.Parse(id); err == nil {
		if n := g.Node(id); n != nil && n.Is(anyPool) {
			return n
		}
		return nil
	}
	if id == "" && len(hfid) == 1 {
		id = hfid[0]
	}
	return first(g.Having(kind, "name", id))
}

// notGiven says why a pool gives no number for an attribute.
func notGiven(k *model.Kind, a *model.Attribute, format string, args ...any) error {
	why, field := fmt.Sprintf(format, args...), a.Name+".from_pool"
	return &fault.Error{
		Code: fault.AttributeConstraint, Status: http.StatusUnprocessableEntity, Message: why + " at " + field,
		Data: exec.NewObject("node_kind", k.Name, "field_name", field, "constraint", why, "detail", nil),
	}
}

// asked prints the input from_pool as Python prints it.
func asked(from map[string]any) string {
	var members []string
	for _, name := range []string{"id", "identifier"} {
		if value, ok := from[name].(string); ok {
			members = append(members, fmt.Sprintf("'%s': '%s'", name, value))
		}
	}
	return "{" + strings.Join(members, ", ") + "}"
}
