package nodes

import (
	"errors"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// draft is a node as an input wants it to be, before anything is written.
type draft struct {
	w *Writer
	// kind is the kind of the node; named is that of the mutation, a generic at
	// times, which errors tell of.
	kind, named *model.Kind
	id          string
	// node is the node that is changed, nil for a new one.
	node *Node
	// attributes are those that the input sets, of a new node all.
	attributes map[string]store.Attribute
	// links are the peers in the relationships that the input sets.
	links map[string][]*link
	// given are the names of the fields of the input.
	given map[string]bool
	// pools is false when nothing is to be taken from pools yet.
	pools bool
	// template is the object template that a new node is made from.
	template *Node
}

// newDraft reads the input for a new node.
func (w *Writer) newDraft(k *model.Kind, data map[string]any, pools bool) (*draft, error) {
	data, err := w.prepare(k, data)
	if err != nil {
		return nil, err
	}
	d := &draft{
		w: w, kind: k, named: k, pools: pools,
		attributes: make(map[string]store.Attribute, len(k.Attributes)), links: map[string][]*link{}, given: fields(data),
	}
	refused := &refusals{kind: k.Name}
	id, _ := data["id"].(string)
	switch {
	case id != "" && !isUUID(id):
		refused.add("id", id+" is not a valid UUID")
	case id != "" && w.inUse(id):
		refused.add("id", id+" is already in use")
	}
	if err := refused.err(); err != nil {
		return nil, err
	}
	if d.id = id; d.id == "" {
		d.id = w.base.Store.NewID()
	}
	if data, err = d.applyTemplate(data, refused); err != nil {
		return nil, err
	}
	d.requireAll(data, refused)
	if err := refused.err(); err != nil {
		return nil, err
	}
	for _, r := range k.Relationships {
		d.readNewLinks(r, data[r.Name], refused)
	}
	for _, a := range k.Attributes {
		if err := d.readNew(a, data, refused); err != nil {
			return nil, err
		}
	}
	if err := refused.err(); err != nil {
		return nil, err
	}
	d.labelByName()
	if err := d.resolve(); err != nil {
		return nil, err
	}
	if err := d.compute(); err != nil {
		return nil, err
	}
	return d, nil
}

// changeDraft reads the input for a change of a node.
func (w *Writer) changeDraft(named *model.Kind, n *Node, data map[string]any) (*draft, error) {
	d := &draft{
		w: w, kind: n.Schema, named: named, id: n.ID, node: n, pools: true,
		attributes: map[string]store.Attribute{}, links: map[string][]*link{}, given: fields(data),
	}
	for _, a := range n.Schema.Attributes {
		if input, ok := data[a.Name].(map[string]any); ok {
			if err := d.readChange(a, input); err != nil {
				return nil, err
			}
		}
	}
	for _, r := range n.Schema.Relationships {
		if input, ok := data[r.Name]; ok {
			if err := d.readLinks(r, input); err != nil {
				return nil, err
			}
		}
	}
	if err := d.resolve(); err != nil {
		return nil, err
	}
	return d, nil
}

// inUse tells whether an id belongs to a node, on whatever branch.
func (w *Writer) inUse(id string) bool {
	if _, ok := w.View.Node(id); ok {
		return true
	}
	for _, branch := range w.base.Store.Branches() {
		if branch.Name == w.View.Branch() {
			continue
		}
		view, err := w.base.Store.View(branch.Name, w.tx.At())
		if err != nil {
			continue // it has just been deleted
		}
		if _, ok := view.Node(id); ok {
			return true
		}
	}
	return false
}

func fields(data map[string]any) map[string]bool {
	given := make(map[string]bool, len(data))
	for name := range data {
		given[name] = true
	}
	return given
}

// requireAll notes what is mandatory and missing. What a profile gives need not
// be given.
func (d *draft) requireAll(data map[string]any, refused *refusals) {
	require := func(name string) {
		if _, ok := data[name]; !ok && !d.profiled(name, data) {
			refused.add(name, name+" is mandatory for "+d.kind.Name)
		}
	}
	for _, a := range d.kind.Attributes {
		if a.Mandatory() && a.Computed == nil && a.Kind != "NumberPool" {
			require(a.Name)
		}
	}
	for _, r := range d.kind.Relationships {
		if !r.Optional && !r.ReadOnly {
			require(r.Name)
		}
	}
}

// profiled tells whether a profile that the input names gives a value to an
// attribute.
func (d *draft) profiled(name string, data map[string]any) bool {
	input, ok := data["profiles"]
	r := d.kind.Relationship("profiles")
	if !ok || input == nil || r == nil {
		return false
	}
	for _, item := range items(input) {
		l, err := readLink(item)
		if err != nil || d.find(r, l) != nil {
			continue
		}
		if a, ok := d.w.View.Attribute(l.node.ID, name); ok && a.Value != nil {
			return true
		}
	}
	return false
}

// labelByName gives a new node that has a name and could have a label one made
// from its name.
func (d *draft) labelByName() {
	name, _ := d.attributes["name"].Value.(string)
	label, ok := d.attributes["label"]
	if ok && label.Value == nil && name != "" {
		label.Value, label.IsDefault = titled(name), false
		d.attributes["label"] = label
	}
}

// value returns the value that an attribute is going to have.
func (d *draft) value(name string) any {
	if a, ok := d.attributes[name]; ok {
		return a.Value
	}
	if d.node != nil {
		return d.node.Value(name)
	}
	return nil
}

// peers returns the nodes that are going to be the peers in a relationship.
func (d *draft) peers(r *model.Relationship) []*Node {
	links, ok := d.links[r.Name]
	if !ok && d.node != nil {
		return d.node.Related(r.Name)
	}
	peers := make([]*Node, 0, len(links))
	for _, l := range links {
		if l.node != nil {
			peers = append(peers, l.node)
		}
	}
	return peers
}

// at returns the value that is going to be at a path.
func (d *draft) at(path string) any {
	p, err := d.w.Model.Path(d.kind, path)
	if err != nil || p.Attribute == nil {
		return nil
	}
	if p.Relationship == nil {
		return Property(p.Attribute, store.Attribute{Value: d.value(p.Attribute.Name)}, p.Property)
	}
	r := d.kind.Relationship(p.Relationship.Name)
	if r == nil {
		return nil
	}
	for _, peer := range d.peers(r) {
		if a := peer.Schema.Attribute(p.Attribute.Name); a != nil {
			return Property(a, peer.Attribute(a.Name), p.Property)
		}
	}
	return nil
}

// compute gives the computed attributes of a new node their values.
func (d *draft) compute() error {
	refused := &refusals{kind: d.named.Name}
	for range computedAttributes(d.kind) { // one may be made from another
		stable := true
		for _, a := range computedAttributes(d.kind) {
			text, err := render(a.Computed.Template, d.at)
			if err != nil {
				return fault.New(500, "%s", err.Error())
			}
			if !sameValue(text, d.attributes[a.Name].Value) {
				d.attributes[a.Name] = store.Attribute{Name: a.Name, Value: text}
				stable = false
			}
		}
		if stable {
			break
		}
	}
	for _, a := range computedAttributes(d.kind) {
		if err := a.Check(d.attributes[a.Name].Value); err != nil && !refused.value(err) {
			return err
		}
	}
	return refused.err()
}

// isMissing tells whether an error says that there is no such node.
func isMissing(err error) bool {
	missing, ok := errors.AsType[*fault.Error](err)
	return ok && missing.Code == fault.NodeNotFound && missing.Message == fault.NoNode(
		printed(missing.Data.Get("identifier")), printed(missing.Data.Get("node_kind"))).Message
}
