package ipam

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// badLength refuses the length of a prefix that does not fit where it is asked
// for.
func badLength() error { return fault.Invalid("Invalid prefix length for current selected prefix") }

// nextAddress answers InfrahubIPAddressGetNextAvailable. Nothing is reserved.
func nextAddress(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, n, prefix, err := prefixAsked(c, f)
	if err != nil {
		return nil, err
	}
	length := number(f.Arguments["prefix_length"], 0)
	if length == 0 {
		length = prefix.Bits()
	}
	if length < prefix.Bits() || length > prefix.Addr().BitLen() {
		return nil, badLength()
	}
	taken := takenAddresses(graph, idOf(first(n.Related("ip_namespace"))), prefix)
	address, ok := freeAddress(prefix, n.Value("is_pool") == true, taken)
	if !ok {
		return nil, fault.New(http.StatusInternalServerError, "No addresses available in prefix")
	}
	return map[string]any{"address": fmt.Sprintf("%s/%d", address, length)}, nil
}

// nextPrefix answers InfrahubIPPrefixGetNextAvailable. Nothing is reserved.
func nextPrefix(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, n, prefix, err := prefixAsked(c, f)
	if err != nil {
		return nil, err
	}
	length := number(f.Arguments["prefix_length"], -1)
	if length != -1 && (length <= prefix.Bits() || length > prefix.Addr().BitLen()) {
		return nil, badLength()
	}
	var taken []netip.Prefix
	for _, t := range takenPrefixes(graph, idOf(first(n.Related("ip_namespace"))), prefix, n.ID) {
		if t.Bits() > prefix.Bits() {
			taken = append(taken, t)
		}
	}
	next, ok := freePrefix(prefix, length, taken)
	if !ok {
		return nil, fault.New(http.StatusInternalServerError, "No prefixes available in prefix")
	}
	return map[string]any{"prefix": next.String()}, nil
}

// prefixAsked finds the prefix that the argument prefix_id names.
func prefixAsked(c *gql.Call, f exec.Field) (*nodes.Graph, *nodes.Node, netip.Prefix, error) {
	graph, err := c.Graph()
	if err != nil {
		return nil, nil, netip.Prefix{}, err
	}
	id, _ := f.Arguments["prefix_id"].(string)
	n, err := find(graph, prefixKind, id, nil)
	if err != nil {
		return nil, nil, netip.Prefix{}, err
	}
	prefix, ok := prefixOf(n)
	if !ok {
		return nil, nil, netip.Prefix{}, fault.New(http.StatusInternalServerError, "'%s' does not appear to be an IPv4 or IPv6 network", n.Text("prefix"))
	}
	return graph, n, prefix, nil
}

// find returns the node of a kind that an id or an hfid names. A text that is no
// UUID is the id of nothing.
func find(g *nodes.Graph, kind, id string, hfid []string) (*nodes.Node, error) {
	k, err := lookup(g.Model, kind)
	if err != nil {
		return nil, err
	}
	if _, err := uuid.Parse(id); err != nil && id != "" {
		return nil, fault.NoNode(id, kind)
	}
	return g.Find(k, id, hfid)
}

// lookup returns a kind by its name.
func lookup(m *model.Model, kind string) (*model.Kind, error) {
	if k := m.Kind(kind); k != nil {
		return k, nil
	}
	return nil, noSchema(kind, "Unable to find the schema '%s' in the registry", kind)
}

// noSchema says that there is no such kind.
func noSchema(kind, format string, args ...any) error {
	return &fault.Error{
		Code: fault.SchemaNotFound, Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf(format, args...),
		Data: exec.NewObject("kind", kind),
	}
}

func idOf(n *nodes.Node) string {
	if n == nil {
		return ""
	}
	return n.ID
}

// number reads a number of an input.
func number(value any, otherwise int) int {
	switch v := value.(type) {
	case int:
		return v
	case int64:
		return int(v)
	default:
		return otherwise
	}
}

// text reads a text of an input.
func text(value any) string {
	s, _ := value.(string)
	return s
}

// texts reads a list of texts of an input.
func texts(value any) []string {
	list, _ := value.([]any)
	result := make([]string, 0, len(list))
	for _, element := range list {
		result = append(result, text(element))
	}
	return result
}
