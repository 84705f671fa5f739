package nodes

import (
	"errors"
	"maps"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// The relationships to pools and groups of an object template. What is made from
// it takes resources from the former and joins the latter.
const (
	fromPoolSuffix  = "_from_resource_pool"
	instancesSuffix = "_for_instances"
)

// applyTemplate returns the input with what the object template that it names
// gives in addition.
func (d *draft) applyTemplate(data map[string]any, refused *refusals) (map[string]any, error) {
	input := data["object_template"]
	r := d.kind.Relationship("object_template")
	if input == nil || r == nil {
		return data, nil
	}
	l, err := readLink(input)
	if err != nil {
		refused.add(r.Name, err.Error())
		return data, nil
	}
	if err := d.find(r, l); err != nil {
		if missing, ok := errors.AsType[*fault.Error](err); !ok || missing.Code != fault.NodeNotFound {
			return nil, err
		}
		name := any(l.id)
		if l.id == "" {
			name = l.hfid
		}
		refused.add(r.Name, "Unable to find the object template in the database '"+printed(name)+"'")
		return data, nil
	}
	d.template = l.node
	merged := maps.Clone(data)
	addTemplate(merged, l.node, d.kind, d.id)
	return merged, nil
}

// addTemplate adds what a template gives to the input for a node of an id where
// the input lacks it. The template is the source of its values.
func addTemplate(data map[string]any, template *Node, k *model.Kind, id string) {
	for _, a := range template.Schema.Attributes {
		if _, given := data[a.Name]; given || a.Name == "template_name" || k.Attribute(a.Name) == nil {
			continue
		}
		if v := template.Attribute(a.Name); v.Value != nil {
			source := v.Source
			if source == "" {
				source = template.ID
			}
			data[a.Name] = map[string]any{"value": v.Value, "source": source}
		}
	}
	for _, r := range template.Schema.Relationships {
		name, pooled := strings.CutSuffix(r.Name, fromPoolSuffix)
		name = strings.TrimSuffix(name, instancesSuffix)
		own := k.Relationship(name)
		if _, given := data[name]; given || own == nil && k.Attribute(name) == nil || name == "object_template" {
			continue
		}
		peers := template.Related(r.Name)
		if len(peers) == 0 {
			continue
		}
		switch {
		case pooled:
			data[name] = map[string]any{"from_pool": map[string]any{"id": peers[0].ID, "identifier": id}}
		case r.Kind != "Attribute" && r.Kind != "Generic" && r.Kind != "Profile":
		case own.Many():
			list := make([]any, len(peers))
			for i, peer := range peers {
				list[i] = map[string]any{"id": peer.ID}
			}
			data[name] = list
		default:
			data[name] = map[string]any{"id": peers[0].ID}
		}
	}
}

// createComponents makes the components that the template of a new node has.
func (d *draft) createComponents(n *Node) error {
	if d.template == nil {
		return nil
	}
	return d.w.createComponents(n, d.template, d.given)
}

func (w *Writer) createComponents(n, template *Node, given map[string]bool) error {
	for _, r := range template.Schema.Relationships {
		own := n.Schema.Relationship(r.Name)
		if r.Kind != "Component" || own == nil || given[r.Name] {
			continue
		}
		for _, part := range template.Related(r.Name) {
			k := w.Model.Kind(strings.TrimPrefix(part.Kind, "Template"))
			if k == nil {
				continue
			}
			id := w.base.Store.NewID()
			data := map[string]any{"id": id}
			addTemplate(data, part, k, id)
			for _, up := range k.Relationships {
				if RoleOf(up) == RoleOf(own).Opposite() {
					data[up.Name] = map[string]any{"id": n.ID}
				}
			}
			component, err := w.Create(k, data)
			if err != nil {
				return err
			}
			if err := w.createComponents(component, part, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
