package explore

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// found is the number of nodes that a search shows when not asked for another
// one.
const found = 10

// search answers InfrahubSearchAnywhere: the nodes with a value that is, or has
// in it, the text. The search makes no difference between cases, whatever
// case_sensitive is. Of a text that is an address or a prefix, parent_prefixes
// are the prefixes that contain it.
func search(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, err := c.Graph()
	if err != nil {
		return nil, err
	}
	text, _ := f.Arguments["q"].(string)
	if _, err := uuid.Parse(text); err == nil {
		var edges []any
		if n := graph.Node(text); n != nil {
			edges = append(edges, edgeTo(n))
		}
		return results(edges, nil), nil
	}

	text = collapsed(text)
	var containing any
	if f.Selected != nil && slices.Contains(f.Selected(), "parent_prefixes") {
		if prefix, ok := parsed(text); ok {
			containing = parentPrefixes(graph, prefix)
		}
	}
	partial, given := f.Arguments["partial_match"].(bool)
	filter := map[string]any{"any__value": text, "partial_match": partial || !given, "limit": int64(found)}
	if limit := f.Arguments["limit"]; limit != nil {
		filter["limit"] = limit
	}
	var edges []any
	seen := map[string]bool{}
	// Infrahub does not count groups among all nodes, and looks for them on their
	// own.
	for _, kind := range []string{"CoreNode", "CoreGroup"} {
		k, err := graph.Model.Lookup(kind)
		if err != nil {
			return nil, err
		}
		page, err := graph.Select(k, filter)
		if err != nil {
			return nil, err
		}
		for _, n := range page.Nodes {
			if !seen[n.ID] {
				seen[n.ID] = true
				edges = append(edges, edgeTo(n))
			}
		}
	}
	return results(edges, containing), nil
}

// results is a value of the type NodeEdges. Its count is that of its edges.
func results(edges []any, parentPrefixes any) map[string]any {
	if edges == nil {
		edges = []any{}
	}
	return map[string]any{"count": len(edges), "edges": edges, "parent_prefixes": parentPrefixes}
}

func edgeTo(n *nodes.Node) any {
	return map[string]any{"node": map[string]any{"id": n.ID, "kind": n.Schema.Name}}
}

// parsed reads an address or a prefix. An address is a prefix of its whole
// length.
func parsed(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err == nil
}

// parentPrefixes finds the prefixes of any namespace that contain one, the
// longest first.
func parentPrefixes(g *nodes.Graph, prefix netip.Prefix) []any {
	edges := []any{}
	kind := g.Model.Kind("BuiltinIPPrefix")
	if kind == nil {
		return edges
	}
	for length := prefix.Bits() - 1; length >= 0; length-- {
		parent := netip.PrefixFrom(prefix.Addr(), length).Masked()
		for _, n := range g.Having(kind, "prefix", parent.String()) {
			edges = append(edges, edgeTo(n))
		}
	}
	return edges
}

// collapsed writes an address of version 6, or the beginning of one, as values
// hold it: without leading zeros and with "::". Other texts stay as they are.
// As in Infrahub up to four hexadecimal digits are such a beginning, so that
// nobody finds anything by the letter a.
func collapsed(text string) string {
	if address, err := netip.ParseAddr(text); err == nil {
		if address.Is6() {
			return address.String()
		}
		return text
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if prefix.Addr().Is6() {
			return prefix.String()
		}
		return text
	}
	segments := strings.Split(text, ":")
	if len(segments) > 8 {
		return text
	}
	last := len(segments) - 1
	for _, segment := range segments[:last] {
		if len(segment) != 4 {
			return text
		}
	}
	if len(segments[last]) > 4 {
		return text
	}
	// The rest of a beginning is taken to be zeros, and these are cut off again.
	segments[last] += strings.Repeat("0", 4-len(segments[last]))
	for len(segments) < 8 {
		segments = append(segments, "0000")
	}
	address, err := netip.ParseAddr(strings.Join(segments, ":"))
	if err != nil {
		return text
	}
	short := address.String()
	if strings.HasSuffix(short, "::") || strings.HasSuffix(short, ":0") {
		return short[:len(short)-2]
	}
	return short
}
