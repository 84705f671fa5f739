package nodes

import (
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Writer is a Graph inside a transaction: it reads what it has written. Data is
// in the form of the inputs of Infrahub's GraphQL mutations. After an error of
// one of its methods the transaction must end with an error as well: part of the
// work may be done.
type Writer struct {
	*Graph
	// Account is the id of the account that writes.
	Account string

	tx      *store.Tx
	changes []Change
	// changed finds the change of a node in changes.
	changed map[string]int
	// stale are the nodes whose changes may show in computed attributes of
	// others.
	stale []*staleNode
}

// Create makes a node. Attributes come as {value, is_protected, source, owner,
// from_pool}, relationships as an object of one or a list of many, and all that
// data lacks is as the schema has it by default. A given id must be a UUID that
// is not in use.
func (w *Writer) Create(k *model.Kind, data map[string]any) (*Node, error) {
	data, err := w.prepare(k, data)
	if err != nil {
		return nil, err
	}
	d, err := w.newDraft(k, data, true)
	if err != nil {
		return nil, err
	}
	if err := d.check(true); err != nil {
		return nil, err
	}
	return d.create()
}

// Update changes the node that data names by id or hfid. k may be a generic.
func (w *Writer) Update(k *model.Kind, data map[string]any) (*Node, error) {
	id, _ := data["id"].(string)
	n, err := w.Find(k, id, texts(data["hfid"]))
	if err != nil {
		return nil, err
	}
	return w.update(k, n, data, true)
}

func (w *Writer) update(k *model.Kind, n *Node, data map[string]any, unique bool) (*Node, error) {
	d, err := w.changeDraft(k, n, data)
	if err != nil {
		return nil, err
	}
	if err := d.check(unique); err != nil {
		return nil, err
	}
	return d.update()
}

// Upsert updates a node, or makes it when there is none. It is found by the id
// or the hfid that data gives, by the attribute of its default filter when its
// kind has no hfid, or else as the one that stands in the way of a new node with
// its hfid. In this last case all that is mandatory must be there, as for a new
// node.
func (w *Writer) Upsert(k *model.Kind, data map[string]any) (n *Node, created bool, err error) {
	if id, ok := data["id"].(string); ok {
		if n, err = w.byID(k, id); err != nil {
			return nil, false, err
		}
		n, err = w.update(k, n, data, true)
		return n, false, err
	}
	if n, err = w.upserted(k, data); err != nil {
		return nil, false, err
	}
	if n != nil {
		n, err = w.update(k, n, data, true)
		return n, false, err
	}
	d, err := w.newDraft(k, data, false)
	if err != nil {
		return nil, false, err
	}
	if n, err = d.unique(); err != nil {
		return nil, false, err
	}
	if n != nil {
		n, err = w.update(k, n, data, false)
		return n, false, err
	}
	n, err = w.Create(k, data)
	return n, true, err
}

// upserted returns the node that an upsert names, nil if there is none.
func (w *Writer) upserted(k *model.Kind, data map[string]any) (*Node, error) {
	if hfid := texts(data["hfid"]); len(hfid) > 0 {
		n, err := w.ByHFID(k, hfid)
		if isMissing(err) {
			return nil, nil
		}
		return n, err
	}
	if len(k.HumanFriendlyID) > 0 || k.DefaultFilter == "" {
		return nil, nil
	}
	p, err := w.Model.Path(k, k.DefaultFilter)
	if err != nil || p.Attribute == nil || p.Relationship != nil {
		return nil, nil //nolint:nilerr // a filter that leads nowhere finds nothing
	}
	input, _ := data[p.Attribute.Name].(map[string]any)
	value, _ := normalize(p.Attribute, input["value"]).(string)
	if value == "" {
		return nil, nil
	}
	n, err := w.byDefaultFilter(k, value)
	if isMissing(err) {
		return nil, nil
	}
	return n, err
}

// Delete removes the node that data names by id or hfid, with those that go with
// it: its components. There is an error for each node that cannot be without one
// of them. The node that is returned has been.
func (w *Writer) Delete(k *model.Kind, data map[string]any) (*Node, error) {
	id, _ := data["id"].(string)
	n, err := w.Find(k, id, texts(data["hfid"]))
	if err != nil {
		return nil, err
	}
	return n, w.delete(k, n)
}

// SetAttribute sets an attribute of a node past all checks, read-only ones
// included: for what the server itself sets. The error is one of the store.
func (w *Writer) SetAttribute(n *Node, name string, value any) error {
	a := n.Schema.Attribute(name)
	if a == nil {
		return fault.New(500, "%s has no attribute %s", n.Kind, name)
	}
	after, _ := w.View.Attribute(n.ID, name)
	after.Name, after.Value, after.IsDefault = name, normalize(a, coerce(a, value)), false
	return w.setAttribute(n, a, after)
}

// SetPeers makes the given ids the only peers of a node in a relationship, past
// all checks. The error is one of the store.
func (w *Writer) SetPeers(n *Node, relationship string, ids ...string) error {
	r := n.Schema.Relationship(relationship)
	if r == nil {
		return fault.New(500, "%s has no relationship %s", n.Kind, relationship)
	}
	links := make([]*link, len(ids))
	for i, id := range ids {
		peer := w.Node(id)
		if peer == nil {
			return fault.NoNode(id, r.Peer)
		}
		links[i] = &link{id: id, node: peer}
	}
	_, err := w.setPeers(n, r, links)
	return err
}

// finish does what needs the whole transaction.
func (w *Writer) finish() error {
	if err := w.recomputeOthers(); err != nil {
		return err
	}
	w.describe()
	return nil
}

// Remember keeps something with a node that is no part of the schema, on all
// branches at once, until the node is deleted.
func (w *Writer) Remember(n *Node, name string, value any) error {
	return w.tx.SetAttribute(n.ID, store.Attribute{Name: name, Value: value}, store.Agnostic)
}
