package nodes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// readNewLinks reads what the input gives to a relationship of a new node. Null
// is let through even where a peer is mandatory, as Infrahub does.
func (d *draft) readNewLinks(r *model.Relationship, input any, refused *refusals) {
	if input == nil {
		return
	}
	if reason := d.outOfTree(r); reason != "" {
		refused.add(r.Name, reason)
		return
	}
	links := make([]*link, 0, 1)
	for _, item := range items(input) {
		l, err := readLink(item)
		if err != nil {
			refused.add(r.Name, err.Error())
			return
		}
		links = append(links, l)
	}
	if r.MaxCount > 0 && int64(len(links)) > r.MaxCount {
		refused.add(r.Name, tooMany(r))
		return
	}
	d.links[r.Name] = links
}

// readLinks reads what the input gives to a relationship of a node: its only
// peers from now on.
func (d *draft) readLinks(r *model.Relationship, input any) error {
	refused := &refusals{kind: d.named.Name}
	if reason := d.outOfTree(r); reason != "" {
		refused.add(r.Name, reason)
		return refused.err()
	}
	before := d.node.Peers(r)
	links := make([]*link, 0, 1)
	changed := false
	for _, item := range items(input) {
		if item == nil {
			changed = changed || len(before) > 0
			continue
		}
		l, err := readLink(item)
		if err != nil {
			refused.add(r.Name, err.Error())
			return refused.err()
		}
		if l.id == "" || !hasPeer(before, l.id) {
			changed = true
		}
		links = append(links, l)
	}
	// Infrahub lets an empty list through even where a peer is mandatory.
	count := int64(len(links))
	switch {
	case r.MaxCount > 0 && count > r.MaxCount:
		refused.add(r.Name, tooMany(r))
	case changed && !r.Optional && count < r.MinCount:
		refused.add(r.Name, fmt.Sprintf("Too few relationships, min %d", r.MinCount))
	}
	d.links[r.Name] = links
	return refused.err()
}

func tooMany(r *model.Relationship) string {
	return fmt.Sprintf("Too many relationships, max %d", r.MaxCount)
}

// outOfTree says why a node has no place above or below it in a tree.
func (d *draft) outOfTree(r *model.Relationship) string {
	k := d.kind
	switch {
	case k.Class != model.Node || k.Hierarchy == "":
	case r.Name == "parent" && (k.Parent == nil || *k.Parent == ""):
		return "Not supported to assign a value to parent for " + k.Name
	case r.Name == "children" && (k.Children == nil || *k.Children == ""):
		return "Not supported to assign some children for " + k.Name
	}
	return ""
}

// resolve finds the nodes that the input names as peers.
func (d *draft) resolve() error {
	for _, r := range d.kind.Relationships {
		links, ok := d.links[r.Name]
		if !ok {
			continue
		}
		found := links[:0]
		for _, l := range links {
			if l.pool != nil && l.id == "" && l.hfid == nil {
				if !d.pools {
					found = append(found, l)
					continue
				}
				if err := d.linkFromPool(r, l); err != nil {
					return err
				}
			}
			if err := d.find(r, l); err != nil {
				return err
			}
			if !slices.ContainsFunc(found, func(other *link) bool { return other.node != nil && other.node.ID == l.node.ID }) {
				found = append(found, l)
			}
		}
		d.links[r.Name] = found
	}
	return nil
}

// find finds the node of a link. One of another kind is found too, by its id.
func (d *draft) find(r *model.Relationship, l *link) (err error) {
	if l.node != nil {
		return nil
	}
	peer := d.w.Model.Kind(r.Peer)
	if peer == nil {
		return fault.NoSchema(r.Peer)
	}
	switch {
	case isUUID(l.id):
		if l.node = d.w.Node(l.id); l.node == nil {
			return fault.NoNode(l.id, peer.Name)
		}
	case l.id != "":
		l.node, err = d.w.byDefaultFilter(peer, l.id)
	case l.hfid != nil:
		if peer.Class == model.Generic && l.kind != "" {
			if peer = d.w.Model.Kind(l.kind); peer == nil {
				return fault.NoSchema(l.kind)
			}
		}
		l.node, err = d.w.ByHFID(peer, l.hfid)
	default:
		return fault.New(500, "Relationship has not been initialized yet")
	}
	if err == nil {
		l.id = l.node.ID
	}
	return err
}

// linkFromPool has a pool hand out a node for a link.
func (d *draft) linkFromPool(r *model.Relationship, l *link) error {
	from := maps.Clone(l.pool)
	if from["identifier"] == nil {
		delete(from, "identifier")
		if hfid := d.hfid(); hfid != nil {
			from["identifier"] = fmt.Sprintf("hfid=%s__%s rel=%s", d.kind.Name, strings.Join(hfid, "__"), r.Name)
		}
	}
	pool := d.w.pool(from)
	if pool != nil {
		from["id"] = pool.ID
	}
	for _, rule := range d.w.base.Rules {
		value, ok, err := rule.FromPool(d.w, d.kind, r.Name, from)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		l.id, _ = value.(string)
		if pool != nil {
			l.Source, l.given.source = pool.ID, true
		}
		return nil
	}
	unknown := fault.NoNode(printed(from["id"]), "CoreResourcePool")
	unknown.Message = fmt.Sprintf("Unable to find the pool to generate a node for the relationship %s on %s",
		quoted(r.Name), quoted(d.id))
	return unknown
}

// fromPool has a pool hand out a value for an attribute, which then is its
// source.
func (d *draft) fromPool(field string, input map[string]any) (value any, source string, err error) {
	if !d.pools {
		return nil, "", nil
	}
	from := maps.Clone(input)
	pool := d.w.pool(from)
	if pool == nil {
		return nil, "", refuse(d.named.Name, field+".from_pool", fmt.Sprintf("The pool requested %s was not found.", printed(input)))
	}
	// Infrahub remembers a number by the node that it is for, whatever
	// identifier the input gives.
	from["id"], from["identifier"] = pool.ID, d.id
	for _, rule := range d.w.base.Rules {
		value, ok, err := rule.FromPool(d.w, d.kind, field, from)
		if err != nil {
			return nil, "", err
		}
		if ok {
			return value, pool.ID, nil
		}
	}
	return nil, "", refuse(d.named.Name, field+".from_pool", fmt.Sprintf("The pool requested %s was not found.", printed(input)))
}

// pool returns the pool that an input names by its id or its name, nil if there
// is none.
func (w *Writer) pool(from map[string]any) *Node {
	pools := w.Model.Kind("CoreResourcePool")
	if pools == nil {
		return nil
	}
	id, _ := from["id"].(string)
	if hfid := texts(from["hfid"]); id == "" && len(hfid) == 1 {
		id = hfid[0]
	}
	if isUUID(id) {
		if n := w.Node(id); n != nil && n.Is(pools.Name) {
			return n
		}
		return nil
	}
	for _, n := range w.Having(pools, "name", id) {
		return n
	}
	return nil
}

// hfid returns the human-friendly id that the node is going to have, as far as
// its parts are known.
func (d *draft) hfid() []string {
	var hfid []string
	for _, path := range d.kind.HumanFriendlyID {
		hfid = append(hfid, printed(d.at(path)))
	}
	return hfid
}
