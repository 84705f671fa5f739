package nodes

import (
	"net/http"
	"strings"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Page is a part of a list.
type Page struct {
	// Count is the number of nodes in the whole list, whatever limit and offset.
	Count int
	Nodes []*Node
}

// Select lists nodes of a kind or generic. The arguments are those of the field
// of the kind in GraphQL's Query, coerced: filters, order, limit, offset, ids,
// hfid, partial_match. The errors are *fault.Error.
//
// A filter that is null is as if it were absent, but for ids and hfid. An hfid
// makes all other arguments be ignored, and a limit of one makes the order be
// that of creation: so does Infrahub 1.11.
func (g *Graph) Select(k *model.Kind, arguments map[string]any) (*Page, error) {
	window, err := windowOf(arguments)
	if err != nil {
		return nil, err
	}
	if hfid, given := arguments["hfid"]; given {
		return g.selectHFID(k, hfid)
	}
	filters, err := g.filters(k, arguments)
	if err != nil {
		return nil, err
	}
	order, err := g.orderOf(k, arguments["order"], window.limit == 1)
	if err != nil {
		return nil, err
	}
	passed := filters.apply(filters.candidates(g, k))
	return &Page{
		Count: len(passed),
		Nodes: arrange(passed, func(n *Node) *Node { return n }, order, window),
	}, nil
}

// selectHFID lists the one node of a human-friendly id, or none.
func (g *Graph) selectHFID(k *model.Kind, given any) (*Page, error) {
	list, ok := given.([]any)
	if !ok {
		return nil, fault.New(http.StatusInternalServerError, "can only join an iterable")
	}
	hfid := make([]string, len(list))
	for i, part := range list {
		if hfid[i], ok = part.(string); !ok {
			return nil, fault.New(http.StatusInternalServerError,
				"sequence item %d: expected str instance, NoneType found", i)
		}
	}
	if len(hfid) != len(k.HumanFriendlyID) {
		return nil, &fault.Error{
			Code: fault.NodeNotFound, Status: http.StatusNotFound,
			Message: "Unable to lookup node by HFID, schema '" + k.Name +
				"' HFID does not contain the same number of elements as " + printed(list),
			Data: exec.NewObject("node_kind", k.Name, "identifier", strings.Join(hfid, " :: ")),
		}
	}
	n, err := g.ByHFID(k, hfid)
	if err != nil {
		return &Page{}, nil //nolint:nilerr // A list of no node is no error.
	}
	return &Page{Count: 1, Nodes: []*Node{n}}, nil
}

// Link is a peer with the edge that leads to it.
type Link struct {
	Node *Node
	// Edge is the zero value where no single edge leads to the node: for
	// ancestors and descendants.
	Edge store.Edge
}

// SelectPeers lists the peers of a node in a relationship of its kind. The
// arguments are those of the field in GraphQL. The hierarchical pseudo
// relationships ancestors and descendants are known too: of these the name
// matters alone. The errors are *fault.Error.
//
// Filters that ask for false, zero, an empty text or an empty list are as if
// they were absent, and so is isnull: so does Infrahub 1.11.
func (n *Node) SelectPeers(r *model.Relationship, arguments map[string]any) (count int, links []Link, err error) {
	window, err := peerWindowOf(arguments)
	if err != nil {
		return 0, nil, err
	}
	peer := n.peerKind(r)
	if peer == nil {
		return 0, nil, nil
	}
	filters, err := n.graph.filters(peer, meaningful(arguments))
	if err != nil {
		return 0, nil, err
	}
	order, err := n.graph.orderOf(peer, arguments["order"], false)
	if err != nil {
		return 0, nil, err
	}
	below, _ := arguments["include_descendants"].(bool)
	for _, link := range n.links(r, below) {
		if filters.pass(link.Node) {
			links = append(links, link)
		}
	}
	return len(links), arrange(links, func(l Link) *Node { return l.Node }, order, window), nil
}

// peerKind returns the kind or generic that the arguments of a relationship are
// about: in a tree that of all its nodes.
func (n *Node) peerKind(r *model.Relationship) *model.Kind {
	if n.alongTree(r) {
		return n.graph.Model.Kind(n.Schema.Tree())
	}
	return n.graph.Model.Kind(r.Peer)
}

// links returns what a relationship leads to, from the node itself and, when
// asked for, from those below it in a tree.
func (n *Node) links(r *model.Relationship, below bool) []Link {
	if n.alongTree(r) {
		switch r.Name {
		case "ancestors":
			return linksTo(n.ancestors())
		case "descendants":
			return linksTo(n.descendants())
		}
	}
	from := []*Node{n}
	if below {
		from = append(from, n.descendants()...)
	}
	var links []Link
	for _, owner := range from {
		for _, edge := range owner.Peers(r) {
			if peer := n.graph.Node(edge.Peer); peer != nil {
				links = append(links, Link{Node: peer, Edge: edge})
			}
		}
	}
	return links
}

func linksTo(nodes []*Node) []Link {
	links := make([]Link, len(nodes))
	for i, n := range nodes {
		links[i].Node = n
	}
	return links
}

// meaningful returns the arguments of a list of peers without those that the
// server ignores.
func meaningful(arguments map[string]any) map[string]any {
	kept := make(map[string]any, len(arguments))
	for name, value := range arguments {
		if name == "ids" || strings.Contains(name, "__") && !falsy(value) {
			kept[name] = value
		}
	}
	return kept
}

// falsy tells whether a value is false in a condition of Python.
func falsy(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	number, ok := asNumber(value)
	return ok && number == 0
}

// window is the part of a list that is asked for. No limit is zero.
type window struct{ offset, limit int64 }

// windowOf reads limit and offset of a list of nodes.
func windowOf(arguments map[string]any) (window, error) {
	w := readWindow(arguments)
	if w.limit < 0 {
		return w, fault.New(http.StatusInternalServerError, "limit must be a non-negative integer")
	}
	if w.offset < 0 {
		return w, fault.New(http.StatusInternalServerError, "offset must be a non-negative integer")
	}
	return w, nil
}

// peerWindowOf reads limit and offset of a list of peers.
func peerWindowOf(arguments map[string]any) (window, error) {
	const sentence = "%s: Invalid input. '%d' is not a valid value. Must be a non-negative integer."
	w := readWindow(arguments)
	if w.offset < 0 {
		return w, fault.New(http.StatusInternalServerError, sentence, "SKIP", w.offset)
	}
	if w.limit < 0 {
		return w, fault.New(http.StatusInternalServerError, sentence, "LIMIT", w.limit)
	}
	return w, nil
}

func readWindow(arguments map[string]any) window {
	return window{offset: integer(arguments["offset"]), limit: integer(arguments["limit"])}
}

// integer returns a whole number that is given, zero when there is none.
func integer(value any) int64 {
	if i, ok := value.(int64); ok {
		return i
	}
	number, _ := asNumber(value)
	return int64(number)
}

// end returns where the window ends in a list of a length.
func (w window) end(length int) int {
	if w.limit == 0 || w.offset >= int64(length) || w.limit > int64(length)-w.offset {
		return length
	}
	return int(w.offset + w.limit)
}

// cut returns the part of a list that is in a window.
func cut[T any](items []T, w window) []T {
	end := w.end(len(items))
	return items[min(w.offset, int64(end)):end]
}
